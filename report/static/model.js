"use strict";
// The payload and what the reader chose -> values, ratios, ties and scores.
// The same rules as comparison.py and statistics.py; a browser test holds the two together.

const page = JSON.parse(document.getElementById("payload").textContent);
const NORMAL_QUANTILE = 1.959964;
const DARKEST_RATIO = 32;
const DEEP = 0.625;

const metrics = new Map(page.metrics.map((metric) => [metric.name, metric]));

function valueOf(cell, metric) {
  const estimate = estimateOf(cell, metric);
  return estimate === null ? null : estimate[0];
}

function estimateOf(cell, metric) {
  return page.cells[cell].estimates?.[metric] ?? null;
}

/** The cells of a task whose engines are switched on. */
function cellsOf(task, state) {
  return page.tasks[task].cells.filter((cell) => !state.off.has(page.cells[cell].engine));
}

function timed(task, state) {
  return cellsOf(task, state).filter((cell) => valueOf(cell, state.metric) !== null);
}

function bestOf(task, state) {
  const value = (cell) => valueOf(cell, state.metric);
  return timed(task, state).reduce(
    (best, cell) => (best === null || value(cell) < value(best) ? cell : best), null);
}

/** What ratios are taken to: the best, or the chosen engine's cell (switched on or not). */
function baselineOf(task, state) {
  if (state.baseline === null) return bestOf(task, state);
  return page.tasks[task].cells.find((cell) => page.cells[cell].engine === state.baseline) ?? null;
}

/** The rounds that a metric is taken from; none for a metric of a single measurement. */
function roundsOf(cell, metric) {
  if (metric === "cpu") return page.cells[cell].cpu_seconds ?? [];
  return metric === "median" || metric === "minimum" ? page.cells[cell].seconds ?? [] : [];
}

/** [value, log error] of one cell's value over another's; null where either has none above 0. */
function pairOf(one, other, metric) {
  const [mine, theirs] = [estimateOf(one, metric), estimateOf(other, metric)];
  if (mine === null || theirs === null || mine[0] <= 0 || theirs[0] <= 0) return null;
  return pairedOf(one, other, metric) ?? [mine[0] / theirs[0], errorOf(mine[3], theirs[3])];
}

function errorOf(one, other) {
  return one == null || other == null ? null : Math.hypot(one, other);
}

/** The median ratio of the rounds that two engines ran in the same turn; null for fewer than three. */
function pairedOf(one, other, metric) {
  if (metric === "minimum") return null;
  const [mine, theirs] = [byTurn(one, metric), byTurn(other, metric)];
  const ratios = [...mine].filter(([turn]) => theirs.has(turn)).map(([turn, value]) => value / theirs.get(turn));
  const place = page.ranks[ratios.length];
  if (!place || ratios.some((ratio) => !(ratio > 0 && ratio < Infinity))) return null;
  const [outer, quantile] = place;
  ratios.sort((a, b) => a - b);
  return [middle(ratios), Math.log(ratios.at(-1 - outer) / ratios[outer]) / (2 * quantile)];
}

function byTurn(cell, metric) {
  const rounds = roundsOf(cell, metric);
  return new Map((page.cells[cell].turns ?? []).map((turn, index) => [turn, rounds[index]]));
}

function middle(sorted) {
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** [low, high] of a pair's ratio, or null. */
function intervalOf(one, other, metric) {
  const [value, error] = pairOf(one, other, metric) ?? [0, null];
  if (error === null) return null;
  const factor = Math.exp(NORMAL_QUANTILE * error);
  return [value / factor, value * factor];
}

function tied(one, other, metric) {
  const interval = intervalOf(one, other, metric);
  return interval !== null && interval[0] <= 1 && 1 <= interval[1];
}

/** The best cell of a task, and those that tie with it. */
function winnersOf(task, state) {
  const best = bestOf(task, state);
  if (best === null) return [];
  const others = cellsOf(task, state).filter((cell) => cell !== best);
  return [best, ...others.filter((cell) => tied(best, cell, state.metric))];
}

/** A cell's plain ratio to the baseline; null where either has no value. */
function ratioOf(task, cell, state) {
  const baseline = baselineOf(task, state);
  if (baseline === null) return null;
  const value = valueOf(cell, state.metric);
  const base = valueOf(baseline, state.metric);
  return value === null || base === null || base <= 0 ? null : value / base;
}

function heatOf(ratio) {
  if (ratio === null || ratio <= 1) return 0;
  return Math.min(Math.log(ratio) / Math.log(DARKEST_RATIO), 1);
}

/** [value, log error] for a mean ratio; a missing value is penalised, or null where that is off. */
function countedOf(task, cell, state) {
  const estimate = estimateOf(cell, state.metric);
  if (estimate !== null) return [estimate[0], shiftedError(estimate, metrics.get(state.metric).shift)];
  if (!state.penalty) return null;
  const worst = Math.max(...timed(task, state).map((each) => valueOf(each, state.metric)));
  return [page.penalty * worst, 0];
}

/** The standard error of log(shift + value), from that of log(value). */
function shiftedError([value, , , error], shift) {
  return error == null || shift + value <= 0 ? null : (error * value) / (shift + value);
}

function shiftedRatio(task, cell, state) {
  const baseline = baselineOf(task, state);
  if (baseline === null || bestOf(task, state) === null) return null;
  const [own, base] = [countedOf(task, cell, state), countedOf(task, baseline, state)];
  if (own === null || base === null) return null;
  const shift = metrics.get(state.metric).shift;
  if (cell === baseline || shift + base[0] <= 0) return [1, 0];
  return [(shift + own[0]) / (shift + base[0]), errorOf(own[1], base[1])];
}

/** {value, low, high}, or null for no ratios. */
function geometricMean(ratios) {
  if (ratios.length === 0) return null;
  const mean = ratios.reduce((sum, [ratio]) => sum + Math.log(ratio), 0) / ratios.length;
  if (ratios.some(([, error]) => error === null)) return { value: Math.exp(mean), low: null, high: null };
  const squares = ratios.reduce((sum, [, error]) => sum + error * error, 0);
  const margin = (NORMAL_QUANTILE * Math.sqrt(squares)) / ratios.length;
  return { value: Math.exp(mean), low: Math.exp(mean - margin), high: Math.exp(mean + margin) };
}

function scoreOf(engine, tasks, state) {
  const cells = tasks
    .map((task) => [task, page.tasks[task].cells.find((cell) => page.cells[cell].engine === engine)])
    .filter(([, cell]) => cell !== undefined);
  const ok = cells.filter(([, cell]) => valueOf(cell, state.metric) !== null).length;
  const ratios = cells.map(([task, cell]) => shiftedRatio(task, cell, state)).filter(Boolean);
  return {
    engine, ok, asked: cells.length,
    mean: ok > 0 ? geometricMean(ratios) : null,
    wins: tasks.filter((task) => winnersOf(task, state).some((c) => page.cells[c].engine === engine)).length,
    peak: Math.max(0, ...cells.map(([, cell]) => page.cells[cell].peak_bytes ?? 0)),
  };
}

/** Scores of the engines that are on, best first, those without a mean last. */
function ranked(tasks, state) {
  const engines = page.engines.map((_, index) => index).filter((index) => !state.off.has(index));
  const place = (score) => (score.mean === null ? Infinity : score.mean.value);
  return engines.map((engine) => scoreOf(engine, tasks, state))
    .sort((one, other) => (place(one) === place(other) ? one.engine - other.engine : place(one) - place(other)));
}

const FILTERS = ["machine", "workload", "input", "size", "threads"];

function isShown(setting, state) {
  const own = page.settings[setting];
  return FILTERS.every((name) => state[name] === "" || String(own[name]) === state[name]);
}

function shownTasks(state) {
  return page.tasks.map((_, index) => index)
    .filter((task) => isShown(page.tasks[task].setting, state) && cellsOf(task, state).length > 0);
}
