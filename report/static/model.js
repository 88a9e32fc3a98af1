// Computes ratios, ties and scores for the reader's choices. The error of each ratio comes with the page
// (report/compare/resampling.py); the rules of an interval and of a tie are those of statistics.py.
import { cellsIn, cells, engineOf, known, page, pairError, partOf, taskOf, valueOf } from "./data.js";

/** @type {Filter[]} */
export const FILTERS = ["machine", "workload", "input", "size", "threads", "memory_limit", "clients"];
/** What a run may measure several of. @type {Swept[]} */
export const SWEPT = ["size", "threads", "memory_limit", "clients"];
/** How large a setting is in each of these. @type {Record<Swept, (setting: Setting) => number>} */
const SCALES = {
  size: (own) => own.table_rows ?? 0, threads: (own) => own.threads, memory_limit: (own) => own.limit_bytes ?? Infinity,
  clients: (own) => Number(own.clients) || Infinity,
};
/** What a filter of one of these says for all of them; the empty one says the largest, and the most. */
export const ALL = "*";
/** A ratio from which on a cell of a heat map is darkest. */
const DARKEST = 10;

/** The cells of a task whose engines are switched on. @type {(task: number, state: State) => number[]} */
export const cellsOf = (task, state) => cellsIn(task).filter((cell) => !state.off.has(engineOf(cell)));

/** Those of them that have a value. @type {(task: number, state: State, metric?: string) => number[]} */
export function timed(task, state, metric = state.metric) {
  return cellsOf(task, state).filter((cell) => !Number.isNaN(cells[metric][cell]));
}

/** The cell with the least value, the first of equals; null for none. @type {(own: number[], metric: string) => number | null} */
export function leastOf(own, metric) {
  const values = cells[metric];
  return own.length === 0 ? null : own.reduce((best, cell) => (values[cell] < values[best] ? cell : best));
}

/** @type {(task: number, state: State) => number | null} */
export const bestOf = (task, state) => leastOf(timed(task, state), state.metric);

/** The denominator of ratios: the best cell, or the chosen engine's (switched on or not).
 * @type {(task: number, state: State) => number | null} */
export function baselineOf(task, state) {
  return state.baseline === null ? bestOf(task, state) : cellOf(task, state.baseline);
}

/** @type {(task: number, engine: number) => number | null} */
export const cellOf = (task, engine) => cellsIn(task).find((cell) => engineOf(cell) === engine) ?? null;

/** The engines of some tasks, in the page's order. @type {(tasks: number[], state: State) => number[]} */
export function enginesOf(tasks, state) {
  return [...new Set(tasks.flatMap((task) => cellsOf(task, state).map(engineOf)))].sort((one, other) => one - other);
}

/** The value of a cell over another's of its task; null if either has no value above 0.
 * @type {(one: number, other: number, metric: string) => Ratio | null} */
export function pairOf(one, other, metric) {
  const [mine, theirs] = [valueOf(one, metric), valueOf(other, metric)];
  if (mine === null || theirs === null || mine <= 0 || theirs <= 0) return null;
  return [mine / theirs, errorOf(one, other, metric)];
}

/** The error of two cells' ratio; a cell and itself count as measured independently.
 * @type {(one: number, other: number, metric: string) => number | null} */
function errorOf(one, other, metric) {
  if (one !== other) return known(pairError(one, other, metric));
  return apart(partOf(one, metric, "log_error"), partOf(other, metric, "log_error"));
}

/** The error of the ratio of two that were measured apart. @type {(one: number | null, other: number | null) => number | null} */
export const apart = (one, other) => one === null || other === null ? null : Math.hypot(one, other);

/** The 95% interval of a ratio. @type {(ratio: Ratio) => Interval | null} */
export function intervalAround([value, error]) {
  if (error === null) return null;
  const factor = Math.exp(page.normal_quantile * error);
  return [value / factor, value * factor];
}

/** Whether a ratio's interval shows a tie or a difference, or leaves both open. @type {(ratio: Ratio) => Nearness} */
export function nearnessOf(ratio) {
  const margin = 1 + page.tie_margin;
  const [low, high] = intervalAround(ratio) ?? [ratio[0] / margin, ratio[0] * margin];
  if (low > 1 || high < 1) return "apart";
  return ratio[1] !== null && low >= 1 / margin && high <= margin ? "tie" : "unclear";
}

/** Whether a ratio's interval covers 1; without an interval, whether the ratio is near 1. @type {(ratio: Ratio) => boolean} */
export const unsureOf = (ratio) => nearnessOf(ratio) !== "apart";

/** @type {(one: number, other: number, metric: string) => Nearness} */
export function nearness(one, other, metric) {
  const ratio = pairOf(one, other, metric);
  return ratio === null ? "apart" : nearnessOf(ratio);
}

/** @type {(task: number, state: State) => Standings} */
export function standingsOf(task, state) {
  const best = bestOf(task, state);
  if (best === null) return { best, tied: [], unclear: [] };
  const others = timed(task, state).filter((cell) => cell !== best);
  const near = Map.groupBy(others, (cell) => nearness(cell, best, state.metric));
  return { best, tied: near.get("tie") ?? [], unclear: near.get("unclear") ?? [] };
}

/** @type {(cell: number, standings: Standings) => Place} */
export function placeOf(cell, { best, tied, unclear }) {
  if (tied.includes(cell) || (cell === best && tied.length > 0)) return "ties";
  if (unclear.includes(cell) || (cell === best && unclear.length > 0)) return "unclear";
  return cell === best ? "alone" : "behind";
}

/** A cell's ratio to the baseline. @type {(cell: number, state: State) => number | null} */
export function ratioOf(cell, state) {
  const baseline = baselineOf(taskOf(cell), state);
  return baseline === null ? null : pairOf(cell, baseline, state.metric)?.[0] ?? null;
}

/** Where a ratio stands on the colour scale, -1 (much better than the baseline) to 1. @type {(ratio: number | null) => number} */
export const heatOf = (ratio) => ratio === null ? 0 : Math.max(-1, Math.min(Math.log(ratio) / Math.log(DARKEST), 1));

/** The sign of a tie with the best, or with the chosen baseline, or of an unclear ratio to it.
 * @type {(cell: number, standings: Standings, state: State) => string} */
export function markOf(cell, standings, state) {
  if (state.baseline === null) return { ties: "≈", unclear: "?", alone: "", behind: "" }[placeOf(cell, standings)];
  const baseline = baselineOf(taskOf(cell), state);
  if (baseline === null || baseline === cell) return "";
  return { tie: "≈", unclear: "?", apart: "" }[nearness(cell, baseline, state.metric)];
}

/** What mean ratios are made of, worked out once for a state. @type {(tasks: number[], state: State) => Analysis} */
export function analyse(tasks, state) {
  const empty = () => new Float64Array(cells.task.length).fill(NaN);
  /** @type {Analysis} */
  const found = { logs: empty(), squares: empty(), places: [], open: new Set() };
  for (const task of tasks) {
    const standings = standingsOf(task, state);
    if (standings.best === null) continue;
    if (standings.unclear.length > 0) found.open.add(task);
    const baseline = state.baseline === null ? standings.best : cellOf(task, state.baseline);
    const worst = Math.max(...timed(task, state).map((cell) => cells[state.metric][cell]));
    for (const cell of cellsOf(task, state)) {
      found.places[cell] = placeOf(cell, standings);
      const ratio = baseline === null ? null : countedRatio(cell, baseline, worst, state);
      if (ratio === null) continue;
      [found.logs[cell], found.squares[cell]] = [Math.log(ratio[0]), ratio[1] === null ? NaN : ratio[1] ** 2];
    }
  }
  return found;
}

/** A cell's ratio to the baseline in means: if the penalty is on, a missing value is `penalty` times the
 * worst of its task, as if that were known exactly. @type {(cell: number, baseline: number, worst: number, state: State) => Ratio | null} */
export function countedRatio(cell, baseline, worst, { metric, penalty }) {
  const isMissing = (/** @type {number} */ each) => Number.isNaN(cells[metric][each]);
  const [own, base] = [cell, baseline].map((each) => (isMissing(each) && penalty ? page.penalty * worst : cells[metric][each]));
  if (!(own > 0 && base > 0)) return null;
  if (cell === baseline) return [1, 0];
  if (!isMissing(cell) && !isMissing(baseline)) return pairOf(cell, baseline, metric);
  const [error, other] = [cell, baseline].map((each) => (isMissing(each) ? 0 : partOf(each, metric, "log_error")));
  return [own / base, apart(error, other)];
}

/** The engines' scores over some tasks, best first, those without a mean last.
 * @type {(tasks: number[], state: State, analysis: Analysis) => Score[]} */
export function ranked(tasks, state, analysis) {
  const own = Map.groupBy(tasks.flatMap((task) => cellsOf(task, state)), engineOf);
  const scores = page.engines.map((_, engine) => engine).filter((engine) => !state.off.has(engine))
    .map((engine) => scoreOf(engine, own.get(engine) ?? [], state, analysis));
  const place = (/** @type {Score} */ { mean }) => (mean === null ? Infinity : mean.value);
  return scores.sort((one, other) => (place(one) === place(other) ? one.engine - other.engine : place(one) - place(other)));
}

/** @type {(engine: number, own: number[], state: State, analysis: Analysis) => Score} */
function scoreOf(engine, own, { metric }, { logs, squares, places }) {
  const score = { engine, ok: 0, total: own.length, wins: 0, ties: 0, unclear: 0, peak: 0, count: 0, sum: 0, squares: 0 };
  for (const cell of own) {
    if (!Number.isNaN(cells[metric][cell])) score.ok += 1;
    if (places[cell] === "alone") score.wins += 1;
    if (places[cell] === "ties") score.ties += 1;
    if (places[cell] === "unclear") score.unclear += 1;
    if (cells.peak[cell] > score.peak) score.peak = cells.peak[cell];
    if (Number.isNaN(logs[cell])) continue;
    score.count += 1;
    score.sum += logs[cell];
    score.squares += squares[cell];
  }
  return { ...score, mean: score.ok > 0 ? geometricMean(score.count, score.sum, score.squares) : null };
}

/** The mean of ratios from sums of their logarithms and squared errors (NaN: not known); null for no ratios.
 * @type {(count: number, logs: number, squares: number) => Mean | null} */
export function geometricMean(count, logs, squares) {
  if (count === 0) return null;
  const value = Math.exp(logs / count);
  /** @type {Ratio} */
  const ratio = [value, known(Math.sqrt(squares) / count)];
  return { value, ratio, interval: intervalAround(ratio) };
}

/** @type {(state: State) => number[]} */
export function shownTasks(state) {
  const settings = shownSettings(state);
  const queries = page.queries.map((query) => isNamed(query, state.query));
  return [...cells.task_setting.keys()].filter((task) => (
    settings.has(cells.task_setting[task]) && queries[cells.task_query[task]] && cellsOf(task, state).length > 0));
}

/** The settings in view: unless a size, number of threads, memory limit … is chosen, the largest and the most, by the
 * rule of `largest` in report/compare/verdicts.py. @type {(state: State) => Set<number>} */
function shownSettings(state) {
  const fits = (/** @type {Setting} */ own) => FILTERS.every((name) => ["", ALL, String(own[name])].includes(state[name]));
  let found = [...page.settings.keys()].filter((at) => fits(page.settings[at]));
  for (const [at, name] of SWEPT.entries()) {
    if (state[name] === "") found = withMost(found, SCALES[name], SWEPT.slice(0, at).filter((other) => state[other] === ALL));
  }
  return new Set(found);
}

/** Those of the settings that have the most of a number, apart by machine, workload, input and `also`.
 * @type {(settings: number[], number: (setting: Setting) => number, also: Swept[]) => number[]} */
function withMost(settings, number, also) {
  const where = (/** @type {number} */ at) => {
    const own = page.settings[at];
    return [own.machine, own.workload, own.input, ...also.map((name) => own[name])].join("\n");
  };
  const most = new Map([...Map.groupBy(settings, where)].map(([key, own]) => [key, Math.max(...own.map((at) => number(page.settings[at])))]));
  return settings.filter((at) => number(page.settings[at]) === most.get(where(at)));
}

/** The tasks in view, with those of all sizes, threads, memory limits … unless some are chosen; worked out once.
 * @type {(view: View, field: Swept) => number[]} */
export function sweepOf(view, field) {
  view.sweeps[field] ??= shownTasks({ ...view.state, [field]: view.state[field] || ALL });
  return view.sweeps[field];
}

/** Whether a query's name or title has one of the words, separated by commas; true for none.
 * @type {(query: Query, words: string) => boolean} */
function isNamed({ name, title }, words) {
  const wanted = words.toLowerCase().split(",").map((word) => word.trim()).filter(Boolean);
  const [own, text] = [name.toLowerCase(), title.toLowerCase()];
  return wanted.length === 0 || wanted.some((word) => own === word || (word.length > 2 && (own.includes(word) || text.includes(word))));
}

/** What a state shows. @type {(state: State) => View} */
export function viewOf(state) {
  const tasks = shownTasks(state);
  const analysis = analyse(tasks, state);
  return { state, tasks, analysis, scores: ranked(tasks, state, analysis), rows: new Map(), sweeps: {} };
}
