"use strict";
// The numbers and what the reader chose -> values, ratios, ties and scores.
// The same rules as comparison.py and statistics.py; a browser test holds the two together.

const NORMAL_QUANTILE = 1.959964;
const FILTERS = ["machine", "workload", "input", "size", "threads"];

/** The cells of a task whose engines are switched on. */
function cellsOf(task, state) {
  const found = [];
  for (let cell = cellStart[task]; cell < cellStart[task + 1]; cell += 1) {
    if (!state.off.has(cells.engine[cell])) found.push(cell);
  }
  return found;
}

function timed(task, state) {
  return cellsOf(task, state).filter((cell) => valueOf(cell, state.metric) !== null);
}

function bestOf(task, state) {
  const values = cells[state.metric];
  let best = null;
  for (let cell = cellStart[task]; cell < cellStart[task + 1]; cell += 1) {
    const better = best === null ? !Number.isNaN(values[cell]) : values[cell] < values[best];
    if (better && !state.off.has(cells.engine[cell])) best = cell;
  }
  return best;
}

/** What ratios are taken to: the best, or the chosen engine's cell (switched on or not). */
function baselineOf(task, state) {
  return state.baseline === null ? bestOf(task, state) : cellOf(task, state.baseline);
}

function cellOf(task, engine) {
  for (let cell = cellStart[task]; cell < cellStart[task + 1]; cell += 1) {
    if (cells.engine[cell] === engine) return cell;
  }
  return null;
}

/** The rounds that a metric is taken from; none for a metric of a single measurement. */
function roundsOf(cell, metric) {
  if (metric === "cpu") return cpuSecondsOf(cell);
  return metric === "median" || metric === "minimum" ? secondsOf(cell) : [];
}

/** [value, log error] of one cell's value over another's; null where either has none above 0. */
function pairOf(one, other, metric) {
  const [mine, theirs] = [valueOf(one, metric), valueOf(other, metric)];
  if (mine === null || theirs === null || mine <= 0 || theirs <= 0) return null;
  const error = errorOf(partOf(one, metric, "log_error"), partOf(other, metric, "log_error"));
  return pairedOf(one, other, metric) ?? [mine / theirs, error];
}

function errorOf(one, other) {
  return one === null || other === null ? null : Math.hypot(one, other);
}

/** The median ratio of the rounds that two engines ran in the same turn; null for fewer than three. */
function pairedOf(one, other, metric) {
  if (metric === "minimum" || !metrics.get(metric).sampled || cells.run[one] !== cells.run[other]) return null;
  const ratios = pairedRatios(one, other, metric);
  const place = page.ranks[ratios.length];
  if (!place || ratios.some((ratio) => !(ratio > 0 && ratio < Infinity))) return null;
  const [outer, quantile] = place;
  ratios.sort((a, b) => a - b);
  const error = Math.log(ratios.at(-1 - outer) / ratios[outer]) / (2 * quantile);
  return [middle(ratios), Math.hypot(error, cells.process_error[one], cells.process_error[other])];
}

/** Turns rise within a cell, so that two cells are walked together. */
function pairedRatios(one, other, metric) {
  const [mine, theirs] = [turnsOf(one), turnsOf(other)];
  const [numerators, denominators] = [roundsOf(one, metric), roundsOf(other, metric)];
  const ratios = [];
  for (let at = 0, to = 0; at < mine.length && to < theirs.length;) {
    if (mine[at] === theirs[to]) ratios.push(numerators[at++] / denominators[to++]);
    else if (mine[at] < theirs[to]) at += 1;
    else to += 1;
  }
  return ratios;
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

const ties = new Map();

/** Whether the rounds do not tell two cells apart; worked out once for each pair and metric. */
function tied(one, other, metric) {
  if (!ties.has(metric)) ties.set(metric, new Map());
  const found = ties.get(metric);
  const key = Math.min(one, other) * cells.task.length + Math.max(one, other);
  if (!found.has(key)) {
    const interval = intervalOf(one, other, metric);
    found.set(key, interval !== null && interval[0] <= 1 && 1 <= interval[1]);
  }
  return found.get(key);
}

/** The best cell of a task, and those that tie with it. */
function winnersOf(task, state) {
  const best = bestOf(task, state);
  if (best === null) return [];
  return [best, ...timed(task, state).filter((cell) => cell !== best && tied(best, cell, state.metric))];
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
  return Math.min(Math.log(ratio) / Math.log(page.heat.darkest_ratio), 1);
}

/** [value, log error] for a mean ratio; a missing value is penalised, or null where that is off. */
function countedOf(cell, worst, state) {
  const value = valueOf(cell, state.metric);
  if (value === null) return state.penalty ? [page.penalty * worst, 0] : null;
  const { shift } = metrics.get(state.metric);
  const error = partOf(cell, state.metric, "log_error");
  return [value, error === null || shift + value <= 0 ? null : (error * value) / (shift + value)];
}

/** [log ratio, its error] of a cell to the baseline's counted value; null where either has none. */
function shiftedRatio(own, base, shift) {
  if (own === null || base === null) return null;
  if (shift + base[0] <= 0) return [0, 0];
  return [Math.log((shift + own[0]) / (shift + base[0])), errorOf(own[1], base[1])];
}

/**
 * What every score is added up from, worked out once for a state: each cell's logarithm of its
 * shifted ratio (NaN: none), the square of its error (NaN: not known), and whether it wins.
 */
function analyse(tasks, state) {
  const size = cells.task.length;
  const found = { logs: new Float64Array(size).fill(NaN), squares: new Float64Array(size), wins: new Uint8Array(size) };
  const { shift } = metrics.get(state.metric);
  for (const task of tasks) {
    const winners = winnersOf(task, state);
    if (winners.length === 0) continue;
    for (const cell of winners) found.wins[cell] = winners.length > 1 ? TIES : WINS;
    const shown = cellsOf(task, state);
    const worst = worstOf(shown, state.metric);
    const baseline = state.baseline === null ? winners[0] : cellOf(task, state.baseline);
    const base = baseline === null ? null : countedOf(baseline, worst, state);
    for (const cell of shown) {
      const ratio = cell === baseline && base !== null ? [0, 0] : shiftedRatio(countedOf(cell, worst, state), base, shift);
      if (ratio !== null) [found.logs[cell], found.squares[cell]] = [ratio[0], ratio[1] === null ? NaN : ratio[1] ** 2];
    }
  }
  return found;
}

const [WINS, TIES] = [1, 2];

function worstOf(shown, metric) {
  return shown.reduce((worst, cell) => (cells[metric][cell] > worst ? cells[metric][cell] : worst), 0);
}

/** The engines' scores over some tasks, best first, those without a mean last. */
function ranked(tasks, state, analysis) {
  const scores = page.engines.map((_, engine) => (
    { engine, ok: 0, asked: 0, wins: 0, ties: 0, peak: 0, count: 0, sum: 0, squares: 0 }));
  for (const task of tasks) {
    for (let cell = cellStart[task]; cell < cellStart[task + 1]; cell += 1) {
      if (!state.off.has(cells.engine[cell])) addCell(scores[cells.engine[cell]], cell, state, analysis);
    }
  }
  const shown = scores.filter(({ engine }) => !state.off.has(engine))
    .map(({ count: ratios, sum, squares, ...score }) => (
      { ...score, mean: score.ok > 0 ? geometricMean(ratios, sum, squares) : null }));
  const place = (score) => (score.mean === null ? Infinity : score.mean.value);
  return shown.sort((one, other) => (place(one) === place(other) ? one.engine - other.engine : place(one) - place(other)));
}

function addCell(score, cell, state, { logs, squares, wins }) {
  score.asked += 1;
  if (!Number.isNaN(cells[state.metric][cell])) score.ok += 1;
  if (wins[cell] === WINS) score.wins += 1;
  if (wins[cell] === TIES) score.ties += 1;
  if (cells.peak[cell] > score.peak) score.peak = cells.peak[cell];
  if (Number.isNaN(logs[cell])) return;
  score.count += 1;
  score.sum += logs[cell];
  score.squares += squares[cell];
}

/** {value, low, high} from the sums of logarithms and of squared errors (NaN: not known). */
function geometricMean(ratios, sum, squares) {
  if (ratios === 0) return null;
  const value = Math.exp(sum / ratios);
  if (Number.isNaN(squares)) return { value, low: null, high: null };
  const margin = Math.exp((NORMAL_QUANTILE * Math.sqrt(squares)) / ratios);
  return { value, low: value / margin, high: value * margin };
}

function isShown(setting, state) {
  const own = page.settings[setting];
  return FILTERS.every((name) => state[name] === "" || String(own[name]) === state[name]);
}

function shownTasks(state) {
  const settings = page.settings.map((_, setting) => isShown(setting, state));
  const queries = page.queries.map((query) => isAsked(query, state.query));
  const found = [];
  for (let task = 0; task < taskCount(); task += 1) {
    const chosen = settings[cells.task_setting[task]] && queries[cells.task_query[task]];
    if (chosen && hasCells(task, state)) found.push(task);
  }
  return found;
}

function hasCells(task, state) {
  for (let cell = cellStart[task]; cell < cellStart[task + 1]; cell += 1) {
    if (!state.off.has(cells.engine[cell])) return true;
  }
  return false;
}

/** Whether a query's name or title has one of the words (separated by commas); all for none. */
function isAsked({ name, title }, words) {
  const asked = words.toLowerCase().split(",").map((word) => word.trim()).filter(Boolean);
  const [own, text] = [name.toLowerCase(), title.toLowerCase()];
  return asked.length === 0 || asked.some((word) => own === word || (word.length > 2 && (own.includes(word) || text.includes(word))));
}
