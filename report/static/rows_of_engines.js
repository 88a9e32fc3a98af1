// Makes the rows of the charts over all queries.
import { cells, clientsOf, coresOf, engineOf, highOf, known, labelOf, outcomeOf, page, queryOf, settingOf, sum, valueOf } from "./data.js";
import { engineIn, fieldOf, measurementsOf, runIn, startOf, valueIn } from "./changes.js";
import { cellOf, cellsOf, enginesOf, sweepOf, SWEPT, timed } from "./model.js";
import { namesApart, namesBeside, onAxis } from "./places.js";
import { count, duration, mebibytes, queries, significant, times } from "./wording.js";

/** The most points of a chart of single cells: more would make it slow. */
const MOST_POINTS = 2000;
const THREADS_HEIGHT = 240;
/** Pixels of an engine's name in a legend: its sign with the gap after it, and each character. */
export const LEGEND = { name: 26, character: 7 };

/** How an engine's rows begin. @type {(engine: number) => Row} */
export const look = (engine) => ({ engine: labelOf(engine), colour: `var(--engine-${engine})`, place: engine });

/** Some of the tasks, evenly spread, that are drawn as points. @type {(tasks: number[]) => number[]} */
export function sampled(tasks) {
  const most = Math.max(1, Math.floor(MOST_POINTS / page.engines.length));
  const step = Math.max(1, Math.ceil(tasks.length / most));
  return tasks.filter((_, at) => at % step === 0);
}

/** @type {(cell: number) => Row} */
function pointOf(cell) {
  const task = cells.task[cell];
  return { ...look(engineOf(cell)), kind: "cell", query: queryOf(task).name, setting: settingOf(task).label };
}

/** @type {(values: number[]) => number} */
const geometric = (values) => Math.exp(sum(values.map(Math.log)) / values.length);

/** Points of single cells, and a mark for each engine at their geometric means; `place` gives x, y and label, or null.
 * @type {(view: View, place: (cell: number, task: number) => { x: number, y: number, label: string } | null, label: (mean: Row) => string) => { points: Row[], means: Row[] }} */
function pointsAndMeans({ state, tasks }, place, label) {
  /** @type {Row[]} */
  const points = sampled(tasks).flatMap((task) => cellsOf(task, state).flatMap((cell) => {
    const at = place(cell, task);
    return at !== null && at.x > 0 && at.y > 0 ? [{ ...pointOf(cell), ...at }] : [];
  }));
  const means = [...Map.groupBy(points, (point) => point.place).values()].map((own) => {
    const [x, y] = [geometric(own.map((point) => point.x)), geometric(own.map((point) => point.y))];
    return { ...own[0], kind: "mean", x, y, query: "geometric mean", setting: count(own.length, "cell"), label: label({ x, y }) };
  });
  return { points, means: namesBeside(means, points) };
}

/** The least value of some cells; infinite for none. @type {(own: number[], metric: string) => number} */
const leastValue = (own, metric) => Math.min(...own.map((cell) => cells[metric][cell]));

/** Time and memory over the least of the query, and the line of engines that none beats in both. @type {Rows} */
export function memoryRows(_, view) {
  const least = (/** @type {number} */ task, /** @type {string} */ metric) => leastValue(timed(task, view.state, metric), metric);
  const { points, means } = pointsAndMeans(view, (cell, task) => {
    const [time, memory] = [valueOf(cell, "median"), valueOf(cell, "peak")];
    const [fastest, leanest] = [least(task, "median"), least(task, "peak")];
    if (time === null || memory === null || fastest <= 0) return null;
    return { x: time / fastest, y: memory / leanest, label: `${duration(time)}, ${mebibytes(memory)} MiB` };
  }, ({ x, y }) => `${times(x)} time, ${times(y)} memory`);
  const beaten = (/** @type {Row} */ one) => means.some((other) => (
    other.x <= one.x && other.y <= one.y && (other.x < one.x || other.y < one.y)));
  const front = means.filter((mean) => !beaten(mean)).sort((one, other) => one.x - other.x);
  return [...points, ...means, ...front.map((mean) => ({ ...mean, kind: "front" }))];
}

/** The first run over the hot median, against that median; on the line both are equal. @type {Rows} */
export function coldRows(_, view) {
  const { points, means } = pointsAndMeans(view, (cell) => {
    const [hot, cold] = [valueOf(cell, "median"), valueOf(cell, "cold")];
    if (hot === null || cold === null) return null;
    return { x: hot, y: cold / hot, label: `hot ${duration(hot)}, cold ${duration(cold)}: ${times(cold / hot)}` };
  }, ({ y }) => `cold ${times(y)} of hot`);
  const ends = points.map(({ x }) => x);
  const equal = points.length === 0 ? [] : [Math.min(...ends), Math.max(...ends)];
  return [...points, ...means, ...equal.map((x) => ({ kind: "equal", x, y: 1 }))];
}

/** CPU seconds for each second of wall clock, of each cell and in the mean. @type {Rows} */
export function coreRows(_, { state, tasks }) {
  /** @type {Row[]} */
  const rows = sampled(tasks).flatMap((task) => timed(task, state, "median").flatMap((cell) => {
    const used = coresOf(cell);
    return used === null ? [] : [{ ...pointOf(cell), amount: used, threads: settingOf(task).threads, label: `${used.toFixed(1)} cores` }];
  }));
  const means = [...Map.groupBy(rows, (row) => row.place).values()].map((own) => {
    const mean = sum(own.map((row) => row.amount)) / own.length;
    return { ...own[0], kind: "mean", amount: mean, reach: Math.max(...own.map((row) => row.amount)),
      query: "mean", setting: count(own.length, "cell"), label: mean.toFixed(1) };
  });
  return [...rows, ...means];
}

/** Tasks that differ in nothing but one field of their setting. @type {(tasks: number[], field: Swept) => number[][]} */
export function families(tasks, field) {
  const key = (/** @type {number} */ task) => {
    const own = settingOf(task);
    const others = SWEPT.filter((name) => name !== field).map((name) => own[name]);
    return [cells.task_query[task], own.machine, own.workload, own.input, ...others].join("\n");
  };
  return [...Map.groupBy(tasks, key).values()].filter((own) => new Set(own.map((task) => settingOf(task)[field])).size > 1);
}

/** Speed over that with the fewest threads: the geometric mean over queries, by engine. @type {Rows} */
export function threadRows(_, view) {
  const found = families(sweepOf(view, "threads"), "threads");
  const gains = found.flatMap((own) => enginesOf(own, view.state).flatMap((engine) => gainsOf(engine, own)));
  /** @type {Row[]} */
  const rows = [...Map.groupBy(gains, ({ engine, base, threads }) => `${engine} ${base} ${threads}`).values()].map((own) => {
    const [{ engine, base, threads }, gain] = [own[0], geometric(own.map((each) => each.gain))];
    return { ...look(engine), threads, amount: gain, ideal: threads / base, dy: 0, label: `${times(gain)} over ${queries(own.length)}` };
  });
  const highest = Math.max(...rows.map((row) => Math.max(row.amount, row.ideal)));
  const last = [...Map.groupBy(rows, (row) => row.place).values()].map((own) => own.reduce((most, row) => (row.threads > most.threads ? row : most)));
  return [...rows.filter((row) => !last.includes(row)), ...namesApart(last, (row) => (row.amount / highest) * THREADS_HEIGHT)];
}

/** How many times as fast an engine is as with the fewest threads, for tasks that differ in threads only.
 * @type {(engine: number, family: number[]) => { engine: number, base: number, threads: number, gain: number }[]} */
function gainsOf(engine, family) {
  const own = family.flatMap((task) => {
    const cell = cellOf(task, engine);
    const time = cell === null ? null : valueOf(cell, "median");
    return time ? [{ threads: settingOf(task).threads, time }] : [];
  }).sort((one, other) => one.threads - other.threads);
  return own.length < 2 ? [] : own.map(({ threads, time }) => ({ engine, base: own[0].threads, threads, gain: own[0].time / time }));
}

/** What so many clients of an engine are served of a query, one of `family`: queries per second, and seconds of one.
 * @typedef {{ engine: number, clients: number, family: number, rate: number, median: number, high: number }} Served */

/** Queries per second by number of clients: the geometric mean over the queries that all have. @type {Rows} */
export function clientRows(_, view) {
  const found = families(sweepOf(view, "clients"), "clients");
  const served = found.flatMap((own, family) => enginesOf(own, view.state).flatMap((engine) => servedOf(engine, own, family)));
  const groups = [...Map.groupBy(served, ({ engine, clients }) => `${engine} ${clients}`).values()];
  const inAll = (/** @type {Served} */ { family }) => groups.every((own) => own.some((each) => each.family === family));
  /** @type {Row[]} */
  const rows = groups.map((own) => own.filter(inAll)).filter((own) => own.length > 0).map((own) => {
    const [{ engine, clients }] = own;
    const [amount, median, high] = /** @type {const} */ (["rate", "median", "high"]).map((name) => geometric(own.map((each) => each[name])));
    return { ...look(engine), clients, amount, dy: 0, label: `${significant(amount)} queries/s`, median: duration(median),
      high: duration(high), note: `${own.length} of ${queries(found.length)}` };
  });
  const highest = Math.max(...rows.map((row) => row.amount));
  const last = [...Map.groupBy(rows, (row) => row.place).values()].map((own) => own.reduce((most, row) => (row.clients > most.clients ? row : most)));
  return [...rows.filter((row) => !last.includes(row)), ...namesApart(last, (row) => (row.amount / highest) * THREADS_HEIGHT)];
}

/** An engine's cells of tasks that differ in the number of clients. @type {(engine: number, tasks: number[], family: number) => Served[]} */
function servedOf(engine, tasks, family) {
  const own = tasks.flatMap((task) => {
    const cell = cellOf(task, engine);
    if (cell === null) return [];
    const [clients, rate, median] = [clientsOf(cell), known(cells.queries_per_second?.[cell]), valueOf(cell, "median")];
    return clients && rate && median ? [{ engine, clients, family, rate, median, high: highOf(cell) }] : [];
  });
  return own.length < 2 ? [] : own;
}

/** An engine's cell of a query under a memory limit; `ratio` is its time over that with the largest limit that has a time.
 * @typedef {{ engine: number, limit: number, name: string, ratio: number | null, oom: boolean }} UnderLimit */

/** Time over that with the largest memory limit: the geometric mean over queries, by engine; and who ran out of
 * memory, in a line above the plot for each engine. @type {Rows} */
export function limitRows(_, view) {
  const found = families(sweepOf(view, "memory_limit"), "memory_limit");
  const own = found.flatMap((family) => enginesOf(family, view.state).flatMap((engine) => underLimits(engine, family)));
  const groups = [...Map.groupBy(own, ({ engine, limit }) => `${engine} ${limit}`).values()];
  const values = groups.flatMap(valueUnderLimit);
  const ends = [...Map.groupBy(values, ({ place }) => place).values()].map((each) => each.reduce((most, row) => (row.limit > most.limit ? row : most)));
  return [...values, ...namesApart(ends.map((row) => ({ ...row, kind: "end" })), onAxis(values, "amount", THREADS_HEIGHT)), ...lostRows(groups)];
}

/** @type {(own: UnderLimit[]) => Row[]} */
function valueUnderLimit(own) {
  const [{ engine, limit, name }] = own;
  const ratios = own.flatMap(({ ratio }) => ratio ?? []);
  if (ratios.length === 0) return [];
  const amount = geometric(ratios);
  return [{ ...look(engine), kind: "value", limit, name, amount, label: `${times(amount)} over ${queries(ratios.length)}` }];
}

/** On how many queries engines ran out of memory; the last sign of an engine has its name. @type {(groups: UnderLimit[][]) => Row[]} */
function lostRows(groups) {
  const lost = groups.filter((own) => own.some(({ oom }) => oom));
  const engines = [...new Set(lost.map(([{ engine }]) => engine))].sort((one, other) => one - other);
  const largest = Math.max(...groups.map(([{ limit }]) => limit));
  return lost.map((own) => {
    const [{ engine, limit, name }] = own;
    const isLast = lost.every(([other]) => other.engine !== engine || other.limit <= limit);
    const who = limit === largest ? labelOf(engine) : `${labelOf(engine)} out of memory`; // room is short at the right
    const count = own.filter(({ oom }) => oom).length;
    const note = `${count} of ${queries(own.length)}`;
    return { ...look(engine), kind: "oom", limit, name, line: engines.indexOf(engine), label: isLast ? `↑ ${who}: ${count} of ${own.length}` : `↑ ${count}`, note };
  });
}

/** An engine's cells of tasks that differ in the memory limit. @type {(engine: number, family: number[]) => UnderLimit[]} */
function underLimits(engine, family) {
  const own = family.flatMap((task) => {
    const [cell, { limit_bytes: limit, memory_limit: name }] = [cellOf(task, engine), settingOf(task)];
    return cell === null || limit === null ? [] : [{ limit, name, time: valueOf(cell, "median"), oom: outcomeOf(cell).name === "oom" }];
  }).sort((one, other) => other.limit - one.limit);
  const base = own.find(({ time }) => time)?.time;
  return own.length < 2 ? [] : own.map(({ limit, name, time, oom }) => ({ engine, limit, name, oom, ratio: time && base ? time / base : null }));
}

/** The fastest engine without a GPU over the fastest on one, by size: above 1 the GPU is faster. @type {Rows} */
export function crossoverRows(_, view) {
  const { state } = view;
  return sweepOf(view, "size").flatMap((task) => {
    const own = timed(task, state, "median");
    const onGpu = (/** @type {number} */ cell) => page.engines[engineOf(cell)].gpu;
    const [gpu, cpu] = [own.filter(onGpu), own.filter((cell) => !onGpu(cell))].map((each) => leastValue(each, "median"));
    const { machine, workload, size, input, threads, memory_limit: limit, table_rows: rows } = settingOf(task);
    if (gpu === Infinity || cpu === Infinity || !rows) return [];
    return [{ line: [machine, workload, input, limit, threads, queryOf(task).name].join(), query: queryOf(task).name, workload, size, rows,
      amount: cpu / gpu, label: `CPU ${duration(cpu)}, GPU ${duration(gpu)}: ${times(cpu / gpu)}` }];
  });
}

/** Time over that of the smallest size: the geometric mean over queries, by engine. @type {Rows} */
export function sizeRows(_, view) {
  const found = families(sweepOf(view, "size"), "size");
  const growths = found.flatMap((own) => enginesOf(own, view.state).flatMap((engine) => growthsOf(engine, own)));
  /** @type {Row[]} */
  const rows = [...Map.groupBy(growths, ({ engine, times: ratio }) => `${engine} ${ratio}`).values()].map((own) => {
    const [{ engine, times: ratio }, amount] = [own[0], geometric(own.map(({ growth }) => growth))];
    return { ...look(engine), times: ratio, amount, ideal: ratio, label: `${times(amount)} at ${times(ratio)} the rows, over ${queries(own.length)}` };
  });
  const last = [...Map.groupBy(rows, (row) => row.place).values()].map((own) => own.reduce((most, row) => (row.times > most.times ? row : most)));
  const log = (/** @type {Row} */ row) => Math.log(row.amount);
  const most = Math.max(...rows.map(log), 1);
  return [...rows.filter((row) => !last.includes(row)), ...namesApart(last, (row) => (log(row) / most) * THREADS_HEIGHT)];
}

/** Of tasks that differ in their size: how many times as long an engine takes as on the smallest.
 * @type {(engine: number, family: number[]) => { engine: number, times: number, growth: number }[]} */
function growthsOf(engine, family) {
  const own = family.flatMap((task) => {
    const [cell, rows] = [cellOf(task, engine), settingOf(task).table_rows];
    const time = cell === null ? null : valueOf(cell, "median");
    return time && rows ? [{ rows, time }] : [];
  }).sort((one, other) => one.rows - other.rows);
  const grown = own.map(({ rows, time }) => ({ engine, times: Number((rows / own[0].rows).toPrecision(3)), growth: time / own[0].time }));
  return new Set(own.map(({ rows }) => rows)).size < 2 ? [] : grown;
}

/** Each engine's time over runs as a share of its first: from run to run over the queries that both measured. @type {Rows} */
export function pastRows(_, { state, tasks }) {
  const machines = new Set(page.runs.map(({ machine }) => machine)).size;
  const own = tasks.flatMap((task) => measurementsOf(task).map((each) => ({ task, each })))
    .filter(({ each }) => !state.off.has(fieldOf(each, "engine")) && (valueIn(each, state.metric) ?? 0) > 0);
  const found = [...Map.groupBy(own, ({ each }) => [engineIn(each).family, runIn(each).machine].slice(0, machines > 1 ? 2 : 1).join(" · "))];
  let across = 0;
  return found.flatMap(([engine, each]) => {
    const points = chained(each, state.metric);
    if (points.length < 2) return [];
    const at = { engine, colour: `var(--engine-${points[points.length - 1].at})` };
    const name = { ...at, kind: "name", label: `● ${engine}`, across };
    across += LEGEND.name + LEGEND.character * engine.length;
    return [name, ...points.map((point) => ({ ...at, ...point }))];
  });
}

/** @type {(own: { task: number, each: Measurement }[], metric: string) => Row[]} */
function chained(own, metric) {
  const runs = [...Map.groupBy(own, ({ each }) => startOf(each))].sort(([one], [other]) => one - other);
  /** @type {Row[]} */
  const points = [];
  let before = new Map();
  for (const [started, listed] of runs) {
    const now = new Map(listed.map(({ task, each }) => [task, valueIn(each, metric) ?? 0]));
    const ratios = [...now].flatMap(([task, value]) => (before.has(task) ? [value / before.get(task)] : []));
    if (points.length > 0 && ratios.length === 0) continue;
    const amount = points.length === 0 ? 1 : points[points.length - 1].amount * geometric(ratios);
    const [{ each }] = listed;
    const version = engineIn(each).version ?? "";
    const changed = points.length > 0 && points[points.length - 1].version !== version;
    points.push({ kind: "value", started, amount, low: amount, high: amount, version, mark: changed ? version : "", line: 0,
      label: `${(100 * amount).toFixed(1)}%`, note: `${runIn(each).label}, over ${queries(points.length === 0 ? now.size : ratios.length)}`, at: fieldOf(each, "engine") });
    before = now;
  }
  return points;
}
