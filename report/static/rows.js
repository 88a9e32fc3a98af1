// What is shown -> the rows of the charts of single queries, cells and pairs of runs.
import { cells, engineOf, labelOf, outcomeOf, page, partOf, queryOf, reasonOf, roundsOf, settingOf, unitOf, valueOf } from "./data.js";
import { cellsOf, ratioOf, sweepOf } from "./model.js";
import { SIGNS, changeNote, changesOf, engineIn, fieldOf, importance, labelOfSide, outcomeIn, pastsOf, reasonIn, runIn, startOf, valueIn } from "./changes.js";
import { gainRows, labelOfQuery } from "./pairs.js";
import { clientRows, coldRows, coreRows, crossoverRows, families, LEGEND, limitRows, look, memoryRows, pastRows, sizeRows, threadRows } from "./rows_of_engines.js";
import { namesApart, onAxis } from "./places.js";
import { between, duration, measured, scaled, times } from "./wording.js";

/** The most rounds of a cell that are each drawn as a point. */
const MOST_DOTS = 30;
/** The most queries that a chart of a setting has. */
export const MOST_LINES = 60;
/** The most queries that the chart of changes has. */
export const MOST_CHANGED = 60;
/** The ratio after ÷ before from which colours are deepest. */
const MUCH = 1.5;
const SCALING_HEIGHT = 160;

/** The engines' mean ratios, best first. @type {Rows} */
function rankingRows(_, { scores }) {
  return scores.flatMap(({ engine, mean, ok, total }, place) => {
    if (mean === null) return [];
    const [low, high] = mean.interval ?? [mean.value, mean.value];
    const label = times(mean.value) + (ok < total ? ` · ${ok} of ${total} cells` : "");
    return [{ ...look(engine), place, ratio: mean.value, low, high, reach: Math.max(mean.value, high), label, note: `${ok} of ${total}` }];
  });
}

/** The queries of a setting: a point for each engine. @type {Rows} */
function timeRows(setting, { tasks, state }) {
  return tasks.filter((task) => cells.task_setting[task] === setting).slice(0, MOST_LINES).flatMap((task, place) => {
    const own = { query: labelOfQuery(task), place };
    /** @type {Row[]} */
    const points = cellsOf(task, state).flatMap((cell) => {
      const value = valueOf(cell, state.metric);
      return value === null || value <= 0 ? [] : [{ ...look(engineOf(cell)), ...barOf(cell, value, [], state), ...own, cell }];
    });
    const missing = cellsOf(task, state).filter((cell) => valueOf(cell, state.metric) === null);
    const amounts = points.map(({ amount }) => amount);
    const span = amounts.length === 0 ? [] : [{ ...own, kind: "span", low: Math.min(...amounts), high: Math.max(...amounts) }];
    return [...span, ...points, ...(missing.length === 0 ? [] : [{ ...own, kind: "missing", ...withoutOf(missing) }])];
  });
}

/** The engines without a value, with the reasons. @type {(own: number[]) => { label: string, note: string }} */
function withoutOf(own) {
  const names = own.map((cell) => labelOf(engineOf(cell)));
  return { label: `– ${names.join(", ")}`, note: own.map((cell, at) => `${names[at]}: ${outcomeText(cell)} ${reasonOf(cell)}`.trim()).join("; ") };
}

/** A bar for each engine of a task, its interval and its rounds. @type {Rows} */
function queryRows(task, { state }) {
  return cellsOf(task, state).flatMap((cell) => {
    const own = look(engineOf(cell));
    const value = valueOf(cell, state.metric);
    if (value === null) return [{ ...own, kind: "missing", label: outcomeText(cell), note: reasonOf(cell) }];
    const dots = dotsOf(cell, state.metric).map((dot) => ({ ...own, ...dot }));
    return [{ ...own, ...barOf(cell, value, dots, state) }, ...dots];
  });
}

/** Why a cell has no value. @type {(cell: number) => string} */
export const outcomeText = (cell) => outcomeOf(cell).name === "ok" ? "not measured" : outcomeOf(cell).text;

/** @type {(cell: number, value: number, dots: Row[], state: State) => Row} */
function barOf(cell, value, dots, state) {
  const { metric } = state;
  const [low, high] = [partOf(cell, metric, "low"), partOf(cell, metric, "high")];
  const ratio = ratioOf(cell, state);
  const reach = Math.max(value, high ?? 0, ...dots.map((dot) => dot.amount));
  const note = low === null || high === null ? "none: too few rounds or a single value" : between(low, high, unitOf(metric));
  return {
    kind: "value", note, amount: scaled(value, metric), reach: scaled(reach, metric),
    low: scaled(low ?? value, metric), high: scaled(high ?? value, metric),
    label: `${measured(value, metric)}${ratio === null ? "" : ` · ${times(ratio)}`}`,
  };
}

/** A cell's rounds as points; if there are too many, evenly spaced quantiles (Kay et al., "When (ish) is My Bus?",
 * CHI 2016). A metric of a single number has none. @type {(cell: number, metric: string) => Row[]} */
function dotsOf(cell, metric) {
  if (metric !== "median" && metric !== "minimum" && metric !== "cpu") return [];
  const all = roundsOf(cell, metric === "cpu" ? "cpu_seconds" : "seconds");
  const few = all.length <= MOST_DOTS;
  const ordered = few ? all : all.sort((one, other) => one - other);
  return Array.from({ length: Math.min(all.length, MOST_DOTS) }, (_, at) => {
    const rank = few ? at : Math.floor((at + 0.5) * ordered.length / MOST_DOTS);
    const name = few ? `${at + 1}` : `${rank + 1} of ${ordered.length} by time`;
    return { kind: "round", amount: ordered[rank], jitter: (((at * 5) % 7) - 3) / 3, label: `${name}: ${duration(ordered[rank])}` };
  });
}

/** One cell's rounds in the order run, with its cold run as round 0. @type {Rows} */
function roundRows(cell) {
  const median = valueOf(cell, "median") ?? 0;
  const spread = { median, low: partOf(cell, "median", "low") ?? median, high: partOf(cell, "median", "high") ?? median };
  const own = { ...look(engineOf(cell)), ...spread };
  const hot = roundsOf(cell).map((value, at) => ({ ...own, kind: "hot", round: at + 1, amount: value, label: duration(value) }));
  const cold = valueOf(cell, "cold");
  return cold === null ? hot : [{ ...own, kind: "cold", round: 0, amount: cold, label: `${duration(cold)}, cold` }, ...hot];
}

/** One query over several sizes; a cell without a value is a cross at the upper edge. @type {Rows} */
function scalingRows(task, view) {
  const { state } = view;
  const family = families(sweepOf(view, "size"), "size").find((own) => own.includes(task)) ?? [];
  const rows = family.flatMap((each) => cellsOf(each, state).map((cell) => ({
    ...look(engineOf(cell)), size: settingOf(each).size, rows: settingOf(each).table_rows, order: cells.task_setting[each],
    ...sizedOf(cell, state.metric),
  })));
  return rows.every((row) => (row.rows ?? 0) > 0) ? [...rows, ...slopeRows(rows)] : [];
}

/** @type {(cell: number, metric: string) => Row} */
function sizedOf(cell, metric) {
  const value = valueOf(cell, metric);
  if (value === null) return { kind: "missing", amount: null, label: `${outcomeOf(cell).text}: ${reasonOf(cell)}` };
  return { kind: "value", amount: scaled(value, metric), label: measured(value, metric) };
}

/** At each engine's last point the slope b of time = a · rows^b. @type {(rows: Row[]) => Row[]} */
function slopeRows(rows) {
  const values = rows.filter((row) => row.kind === "value" && row.amount > 0);
  const ends = [...Map.groupBy(values, (row) => row.engine).values()].map((own) => {
    const last = own.reduce((most, row) => (row.order > most.order ? row : most));
    const slope = slopeOf(own);
    return { ...last, kind: "end", label: slope === null ? last.engine : `${last.engine}, slope ${slope.toFixed(2)}` };
  });
  return namesApart(ends, onAxis(values, "amount", SCALING_HEIGHT));
}

/** By least squares on the logarithms; null where all rows are of one size. @type {(rows: Row[]) => number | null} */
function slopeOf(rows) {
  const mean = (/** @type {string} */ field) => rows.reduce((total, row) => total + Math.log(row[field]), 0) / rows.length;
  const [centre, height] = [mean("rows"), mean("amount")];
  const squares = rows.reduce((total, row) => total + (Math.log(row.rows) - centre) ** 2, 0);
  const products = rows.reduce((total, row) => total + (Math.log(row.rows) - centre) * (Math.log(row.amount) - height), 0);
  return squares > 0 ? products / squares : null;
}

/** One query over runs. @type {Rows} */
function historyRows(task, { state }) {
  /** @type {Row[]} */
  const rows = [];
  let [across, line] = [0, 0];
  for (const [family, past] of pastsOf(task, state)) {
    const own = { engine: family, colour: `var(--engine-${fieldOf(past[past.length - 1], "engine")})` };
    /** @type {Row[]} */
    const found = past.map((each, at) => ({ ...own, ...runPoint(each, past[at - 1], line, state.metric) }));
    rows.push({ ...own, kind: "name", label: `● ${family}`, across }, ...found);
    across += LEGEND.name + LEGEND.character * family.length;
    line += found.some(({ kind }) => kind === "missing") ? 1 : 0;
  }
  return rows;
}

/** @type {(measurement: Measurement, before: Measurement | undefined, line: number, metric: string) => Row} */
function runPoint(measurement, before, line, metric) {
  const version = engineIn(measurement).version ?? "";
  const run = { started: startOf(measurement), version };
  const value = valueIn(measurement, metric);
  if (value === null || value <= 0) {
    return { ...run, kind: "missing", label: outcomeIn(measurement).text.split(" ")[0], note: reasonIn(measurement), line };
  }
  const [low, high] = [valueIn(measurement, metric, "low") ?? value, valueIn(measurement, metric, "high") ?? value];
  const changed = before !== undefined && (engineIn(before).version ?? "") !== version;
  return {
    ...run, kind: "value", amount: scaled(value, metric), low: scaled(low, metric), high: scaled(high, metric),
    mark: changed ? version : "", label: measured(value, metric), note: runIn(measurement).label,
  };
}

/** What changed in a setting: of many queries those with the most important changes, in the order of the queries. @type {Rows} */
function changeRows(setting, view) {
  const own = changesOf(view).get(setting) ?? [];
  const byTask = [...Map.groupBy(own, ({ task }) => task)].map(([task, changes]) => ({ task, most: Math.max(...changes.map(importance)) }));
  const kept = new Set(byTask.sort((one, other) => other.most - one.most).slice(0, MOST_CHANGED).map(({ task }) => task));
  const engines = [...new Set(page.engines.map(({ family }) => family))];
  return own.filter(({ task }) => kept.has(task)).map((change) => changeRow(change, engines, view.state));
}

/** @type {(change: Change, engines: string[], state: State) => Row} */
function changeRow(change, engines, { before, after }) {
  const { task, name, verdict, ratio } = change;
  const moved = ratio !== null && (verdict === "slower" || verdict === "faster");
  const depth = moved ? Math.max(-1, Math.min(Math.log(ratio[0]) / Math.log(MUCH), 1)) : 0;
  const kinds = new Map([["not told apart", "unclear"], ["no value", "none"], ["slower", "change"], ["faster", "change"]]);
  return {
    query: queryOf(task).name, place: cells.task_query[task],
    engine: name || [before, after].map((side) => (side === null ? "" : labelOfSide(side))).join(" → "),
    column: engines.indexOf(name), kind: kinds.get(verdict) ?? verdict,
    colour: `color-mix(in oklab, var(--${depth > 0 ? "worse" : "better"}) ${(100 * Math.abs(depth)).toFixed(0)}%, var(--no-change))`,
    label: moved ? `${SIGNS[verdict]} ${ratio[0].toFixed(2)}` : SIGNS[verdict], note: changeNote(change),
  };
}

/** By the names in report/charts/registry.py. @type {Record<string, Rows>} */
export const chartRows = {
  ranking: rankingRows, times: timeRows, pair: gainRows, query: queryRows, rounds: roundRows, scaling: scalingRows, memory: memoryRows, cold: coldRows,
  cores: coreRows, threads: threadRows, clients: clientRows, limits: limitRows, sizes: sizeRows, crossover: crossoverRows, past: pastRows, history: historyRows, changes: changeRows,
};
