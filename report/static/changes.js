// Finds a cell's earlier runs, and what changed between two runs or two engines.
// The rules are those of report/compare/changes.py, for the runs and engines that the reader selects.
import { cellsIn, cells, known, labelOf, older, olderIn, page, sum } from "./data.js";
import { apart, cellOf, geometricMean, intervalAround, nearnessOf, pairOf } from "./model.js";
import { count, range, times } from "./wording.js";

const UNREACHED = ["skipped", "unavailable"];
/** The verdicts by importance, each with the sign that says what its colour says. @type {Record<string, string>} */
export const SIGNS = {
  lost: "✗ lost", slower: "▲", gained: "✓ gained", faster: "▼", "not told apart": "?", tie: "≈", "no value": "–",
};
const VERDICTS = Object.keys(SIGNS);

/** A task's measurements, those of earlier runs first. @type {(task: number) => Measurement[]} */
export function measurementsOf(task) {
  return [...olderIn(task).map((at) => ({ columns: older, at })), ...cellsIn(task).map((at) => ({ columns: cells, at }))];
}

/** @type {(measurement: Measurement, name: string) => number} */
export const fieldOf = ({ columns, at }, name) => columns[name][at];
/** @type {(measurement: Measurement, metric: string, part?: string) => number | null} */
export const valueIn = ({ columns, at }, metric, part) => known(columns[part ? `${metric}_${part}` : metric]?.[at]);
/** @type {(measurement: Measurement) => Engine} */
export const engineIn = (measurement) => page.engines[fieldOf(measurement, "engine")];
/** @type {(measurement: Measurement) => { name: string, text: string }} */
export const outcomeIn = (measurement) => page.outcomes[fieldOf(measurement, "outcome")];
/** @type {(measurement: Measurement) => string} */
export const reasonIn = (measurement) => page.reasons[fieldOf(measurement, "reason")];
/** @type {(measurement: Measurement) => Run} */
export const runIn = (measurement) => page.runs[fieldOf(measurement, "run")];
/** @type {(measurement: Measurement) => number} */
export const startOf = (measurement) => Date.parse(runIn(measurement).started);

/** What earlier runs say of a cell in view, oldest last. @type {(task: number, engine: number) => Measurement[]} */
export function earlierOf(task, engine) {
  return measurementsOf(task).filter((each) => (
    each.columns === older && fieldOf(each, "engine") === engine && valueIn(each, "median") !== null));
}

/** Each engine's measurements of a task, oldest first, of all its versions; none if it was run at most once.
 * @type {(task: number, state: State) => Map<string, Measurement[]>} */
export function pastsOf(task, { off }) {
  const shown = measurementsOf(task)
    .filter((each) => !off.has(fieldOf(each, "engine")) && !UNREACHED.includes(outcomeIn(each).name))
    .sort((one, other) => startOf(one) - startOf(other));
  const runs = new Set(shown.map((each) => fieldOf(each, "run")));
  return runs.size < 2 ? new Map() : Map.groupBy(shown, (each) => engineIn(each).family);
}

/** What both sides have of a task. @type {(task: number, state: State) => Pair[]} */
function pairsOf(task, state) {
  const [before, after] = [state.before, state.after].map((side) => sideOf(task, side, state));
  return [...after].flatMap(([name, own]) => {
    const then = before.get(name);
    return then === undefined ? [] : [{ task, name, before: then, after: own }];
  });
}

/** A task's measurements in a run, by engine, of those that are switched on; or an engine's cell in view.
 * @type {(task: number, side: Side | null, state: State) => Map<string, Measurement>} */
function sideOf(task, side, { off }) {
  if (side?.kind === "run") {
    const own = measurementsOf(task).filter((each) => fieldOf(each, "run") === side.at
      && !off.has(fieldOf(each, "engine")) && outcomeIn(each).name !== "skipped");
    return new Map(own.map((each) => [engineIn(each).family, each]));
  }
  const cell = side === null ? null : cellOf(task, side.at);
  return new Map(cell === null ? [] : [["", { columns: cells, at: cell }]]);
}

/** What became of one cell. @type {(pair: Pair, metric: string) => Change} */
export function judge(pair, metric) {
  const [wasOk, isOk] = [pair.before, pair.after].map((each) => outcomeIn(each).name === "ok");
  if (wasOk !== isOk) return { ...pair, verdict: wasOk ? "lost" : "gained", ratio: null };
  const ratio = changeOf(pair, metric);
  return { ...pair, verdict: ratio === null ? "no value" : verdictOn(ratio), ratio };
}

/** After ÷ before: of two cells in view that of the matrix; others were measured apart. @type {(pair: Pair, metric: string) => Ratio | null} */
function changeOf({ before, after }, metric) {
  if (before.columns === cells && after.columns === cells) return pairOf(after.at, before.at, metric);
  const [then, now] = [before, after].map((each) => valueIn(each, metric));
  if (then === null || now === null || then <= 0 || now <= 0) return null;
  return [now / then, apart(valueIn(before, metric, "log_error"), valueIn(after, metric, "log_error"))];
}

/** @type {(ratio: Ratio) => string} */
function verdictOn(ratio) {
  const near = nearnessOf(ratio);
  if (near !== "apart") return near === "tie" ? "tie" : "not told apart";
  return ratio[0] > 1 ? "slower" : "faster";
}

/** Sorts the least important first: by verdict, then by the size of the change. @type {(change: Change) => number} */
export function importance({ verdict, ratio }) {
  return (VERDICTS.length - VERDICTS.indexOf(verdict)) * 100 + Math.abs(Math.log(ratio?.[0] ?? 1));
}

/** The changes of all tasks in view, by setting; worked out once for a view. @type {(view: View) => Map<number, Change[]>} */
export function changesOf(view) {
  const { state, tasks } = view;
  const same = state.before !== null && state.before.kind === state.after?.kind;
  view.changes ??= Map.groupBy(
    same ? tasks.flatMap((task) => pairsOf(task, state).map((pair) => judge(pair, state.metric))) : [],
    ({ task }) => cells.task_setting[task],
  );
  return view.changes;
}

/** After ÷ before with its interval, or the reason for an outcome. @type {(change: Change) => string} */
export function changeNote({ before, after, ratio }) {
  if (ratio === null) return reasonIn(after) || reasonIn(before);
  return ratio[0].toFixed(2) + range(intervalAround(ratio));
}

/** @type {(side: Side) => string} */
export const labelOfSide = ({ kind, at }) => kind === "run" ? page.runs[at].label : labelOf(at);

/** How many cells have which verdict, and the mean of all. @type {(view: View) => string} */
export function changesInWords(view) {
  const { before, after } = view.state;
  const found = [...changesOf(view).values()].flat();
  if (before === null || before.kind !== after?.kind) return "Choose two runs or two engines.";
  if (found.length === 0) return "The two have no cell in common in this view.";
  const own = Map.groupBy(found, ({ verdict }) => verdict);
  const counts = VERDICTS.filter((name) => own.has(name)).map((name) => `${own.get(name)?.length} ${name}`);
  const ratios = found.flatMap(({ ratio }) => (ratio === null ? [] : [ratio]));
  const squares = sum(ratios.map(([, error]) => (error === null ? NaN : error ** 2)));
  const mean = geometricMean(ratios.length, sum(ratios.map(([value]) => Math.log(value))), squares);
  const text = `Of ${count(found.length, "cell")} in both: ${counts.join(", ")}.`;
  const over = mean === null ? "" : ` After ÷ before is ${mean.value.toFixed(2)}${range(mean.interval)} in the geometric mean.`;
  return text + over + (before.kind === "run" ? probeInWords(page.runs[before.at], page.runs[after.at]) : "");
}

/** Whether a fixed piece of work took the machine as long in the one run as in the other. @type {(before: Run, after: Run) => string} */
function probeInWords({ probe: then }, { probe: now }) {
  const ratio = then === null || now === null ? 1 : now / then;
  if (Math.abs(Math.log(ratio)) <= Math.log1p(page.probe_margin)) return "";
  const moved = `${times(Math.max(ratio, 1 / ratio))} ${ratio > 1 ? "slower" : "faster"}`;
  return ` Careful: the machine itself was ${moved} in the second run, by its probe: engines may be as they were.`;
}
