// The data of the page: an outline, and columns of numbers. Both are set once, before anything else runs.

export const MISSING = -1;

/** @type {Outline} */
export let page;
/** @type {Map<string, Metric>} */
export let metrics;
/** @type {Columns} */
export let cells;
/** Cells of earlier runs, in columns of the same names. @type {Columns} */
export let older;
/** @type {Columns} */
let rounds;
/** The cells of each task. @type {number[][]} */
let cellsByTask;
/** @type {Map<number, number[]>} */
let olderByTask;
/** Where the rounds, turns and pairs of each begin in their columns. @type {Record<"rounds" | "turns" | "pairs", number[]>} */
let starts;

/** @type {(outline: Outline, numbers: Numbers) => void} */
export function install(outline, numbers) {
  page = outline;
  metrics = new Map(page.metrics.map((metric) => [metric.name, metric]));
  ({ cells, rounds, older } = numbers);
  cellsByTask = Array.from(cells.task_setting, () => []);
  cells.task.forEach((task, cell) => cellsByTask[task].push(cell));
  olderByTask = Map.groupBy(older.task.keys(), (at) => older.task[at]);
  const pairs = cellsByTask.map((own) => pairsAmong(own.length));
  starts = { rounds: sums(rounds.rounds), turns: sums(rounds.turns), pairs: sums(pairs) };
}

/** How many pairs a number of cells make. @type {(count: number) => number} */
const pairsAmong = (count) => (count * (count - 1)) / 2;

/** The sum of all numbers before each, and of all. @type {(counts: Iterable<number>) => number[]} */
function sums(counts) {
  const found = [0];
  for (const count of counts) found.push(found[found.length - 1] + count);
  return found;
}

/** @type {(task: number) => number[]} */
export const cellsIn = (task) => cellsByTask[task];
/** @type {(task: number) => number[]} */
export const olderIn = (task) => olderByTask.get(task) ?? [];
/** @type {(task: number) => Setting} */
export const settingOf = (task) => page.settings[cells.task_setting[task]];
/** A workload's title before a colon. @type {(setting: Setting) => string} */
export const shortTitle = ({ title }) => title.split(": ")[0];
/** @type {(task: number) => Query} */
export const queryOf = (task) => page.queries[cells.task_query[task]];
/** @type {(cell: number) => number} */
export const taskOf = (cell) => cells.task[cell];
/** @type {(cell: number) => number} */
export const engineOf = (cell) => cells.engine[cell];
/** @type {(engine: number) => string} */
export const labelOf = (engine) => page.engines[engine].label;
/** @type {(cell: number) => { name: string, text: string }} */
export const outcomeOf = (cell) => page.outcomes[cells.outcome[cell]];
/** @type {(cell: number) => string} */
export const reasonOf = (cell) => page.reasons[cells.reason[cell]];
/** @type {(metric: string) => "s" | "MiB"} */
export const unitOf = (metric) => /** @type {Metric} */ (metrics.get(metric)).unit;

/** @type {(value: number | undefined) => number | null} */
export const known = (value) => value === undefined || Number.isNaN(value) ? null : value;

/** A cell's value in a metric; null where it has none. @type {(cell: number, metric: string) => number | null} */
export const valueOf = (cell, metric) => known(cells[metric][cell]);

/** `low`, `high` or `log_error` of a cell's value. @type {(cell: number, metric: string, part: string) => number | null} */
export const partOf = (cell, metric, part) => known(cells[`${metric}_${part}`]?.[cell]);

/** The error of the logarithm of the ratio of two cells of a task; undefined for a metric without rounds.
 * @type {(one: number, other: number, metric: string) => number | undefined} */
export function pairError(one, other, metric) {
  const own = cellsIn(taskOf(one));
  const later = pairsAmong(own.length - (Math.min(one, other) - own[0]));
  return cells[`${metric}_pairs`]?.[starts.pairs[taskOf(one) + 1] - later + Math.abs(one - other) - 1];
}

/** The hot rounds of a cell in the order run. @type {(cell: number, column?: "seconds" | "cpu_seconds") => number[]} */
export function roundsOf(cell, column = "seconds") {
  return Array.from(rounds[column].subarray(starts.rounds[cell], starts.rounds[cell + 1]));
}

/** @type {(cell: number) => number[]} */
export const turnsOf = (cell) => Array.from(rounds.turn.subarray(starts.turns[cell], starts.turns[cell + 1]));

/** CPU seconds for each wall-clock second of the hot rounds, of which each client has one; null without rounds.
 * @type {(cell: number) => number | null} */
export function coresOf(cell) {
  const [wall, cpu] = [roundsOf(cell), roundsOf(cell, "cpu_seconds")].map(sum);
  return wall > 0 ? (clientsOf(cell) ?? 1) * (cpu / wall) : null;
}

/** How many clients ran the query at once; null of a run without several. @type {(cell: number) => number | null} */
export const clientsOf = (cell) => Number(settingOf(taskOf(cell)).clients) || null;

/** The seconds within which 95% of a cell's rounds ended. @type {(cell: number) => number} */
export function highOf(cell) {
  const ordered = roundsOf(cell).sort((one, other) => one - other);
  const at = 0.95 * (ordered.length - 1);
  const [low, high] = [ordered[Math.floor(at)], ordered[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

/** @type {(values: number[]) => number} */
export const sum = (values) => values.reduce((total, value) => total + value, 0);
