"use strict";
// Cells of all runs -> the history of a query, and what changed between two runs or two engines.
// The same rules as history.py and changes.py; a browser test holds the two together.

const UNREACHED = ["skipped", "unavailable"];
const VERDICTS = ["lost", "slower", "gained", "faster", "not told apart", "tie", "no value"];
const SIGNS = { lost: "✗ lost", gained: "✓ gained", slower: "▲", faster: "▼", "not told apart": "?", tie: "≈", "no value": "–" };

let older = null;
let olderByTask = null;

/** A measurement is a cell in view or an older one: its place in columns of the same names. */
async function loadRuns() {
  if (document.getElementById("older") === null) return;
  older = await unpackNumbers("older");
  olderByTask = Map.groupBy(older.task.keys(), (at) => older.task[at]);
}

function measurementsOf(task) {
  const found = (olderByTask?.get(task) ?? []).map((at) => ({ columns: older, at }));
  for (let at = cellStart[task]; at < cellStart[task + 1]; at += 1) found.push({ columns: cells, at });
  return found;
}

function hasPast(task) {
  return olderByTask?.has(task) ?? false;
}

function fieldOf({ columns, at }, name) {
  return columns[name][at];
}

function outcomeNameOf(measurement) {
  return page.outcomes[fieldOf(measurement, "outcome")].name;
}

function valueIn({ columns, at }, metric, part = "") {
  return known(columns[part ? `${metric}_${part}` : metric]?.[at]);
}

function familyOf(measurement) {
  return page.engines[fieldOf(measurement, "engine")].family;
}

function startOf(measurement) {
  return Date.parse(page.runs[fieldOf(measurement, "run")].started);
}

/** Each engine's measurements of a task, oldest first; none where it was run once at most. */
function pastsOf(task, state) {
  const shown = measurementsOf(task)
    .filter((each) => !state.off.has(fieldOf(each, "engine")) && !UNREACHED.includes(outcomeNameOf(each)))
    .sort((one, other) => startOf(one) - startOf(other));
  const runs = new Set(shown.map((each) => fieldOf(each, "run")));
  return runs.size < 2 ? new Map() : Map.groupBy(shown, familyOf);
}

function historyRows(figure, state) {
  const rows = [];
  let [across, line] = [0, 0];
  for (const [family, past] of pastsOf(Number(figure.dataset.of), state)) {
    const look = { engine: family, colour: `var(--engine-${fieldOf(past.at(-1), "engine")})` };
    const found = past.map((each, at) => pointRow(each, past[at - 1], line, state.metric));
    rows.push({ ...look, kind: "name", label: `● ${family}`, across });
    rows.push(...found.map((each) => ({ ...look, ...each })));
    across += page.legend.name + page.legend.character * family.length;
    line += found.some(({ kind }) => kind === "missing") ? 1 : 0;
  }
  return rows;
}

function pointRow(measurement, before, line, metric) {
  const version = (each) => page.engines[fieldOf(each, "engine")].version ?? "";
  const run = { started: startOf(measurement), version: version(measurement) };
  const [value, low, high] = ["", "low", "high"].map((part) => valueIn(measurement, metric, part));
  if (value === null || value <= 0) {
    const { text } = page.outcomes[fieldOf(measurement, "outcome")];
    return { ...run, kind: "missing", label: text.split(" ")[0], note: page.reasons[fieldOf(measurement, "reason")], line };
  }
  const { unit } = metrics.get(metric);
  const changed = before !== undefined && version(before) !== run.version;
  return {
    ...run, kind: "value", amount: scaled(value, unit), low: scaled(low ?? value, unit), high: scaled(high ?? value, unit),
    mark: changed ? run.version : "", label: measured(value, metric), note: page.runs[fieldOf(measurement, "run")].label,
  };
}

/** The two measurements of each cell that both sides have, sides being runs or engines. */
function pairsOf(task, state) {
  const [before, after] = [state.before, state.after].map((side) => sideOf(task, side, state));
  return [...after.keys()].filter((key) => before.has(key))
    .map((key) => ({ task, name: key, before: before.get(key), after: after.get(key) }));
}

/** A task's measurements in a run, by engine where that is switched on; or an engine's cell in view. */
function sideOf(task, { kind, at: place }, state) {
  const inRun = (each) => fieldOf(each, "run") === place && !state.off.has(fieldOf(each, "engine"))
    && outcomeNameOf(each) !== "skipped";
  if (kind === "run") return new Map(measurementsOf(task).filter(inRun).map((each) => [familyOf(each), each]));
  const cell = cellOf(task, place);
  return new Map(cell === null ? [] : [["", { columns: cells, at: cell }]]);
}

/** {verdict, pair}: the pair is [after ÷ before, log error], or null. */
function judge({ before, after }, metric) {
  const [wasOk, isOk] = [before, after].map((each) => outcomeNameOf(each) === "ok");
  if (wasOk !== isOk) return { verdict: wasOk ? "lost" : "gained", pair: null };
  const pair = changeOf(before, after, metric);
  return { verdict: pair === null ? "no value" : verdictOn(pair), pair };
}

/** Of two cells in view the ratio is that of the matrix; others were measured apart. */
function changeOf(before, after, metric) {
  if (before.columns === cells && after.columns === cells) return pairOf(after.at, before.at, metric);
  const [then, now] = [before, after].map((each) => valueIn(each, metric));
  if (!(then > 0 && now > 0)) return null;
  return [now / then, errorOf(...[before, after].map((each) => valueIn(each, metric, "log_error")))];
}

function verdictOn(pair) {
  const near = nearnessOf(pair);
  if (near !== "apart") return near === "tie" ? "tie" : "not told apart";
  return pair[0] > 1 ? "slower" : "faster";
}
