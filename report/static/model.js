"use strict";
// The numbers and what the reader chose -> values, ratios, ties and scores.
// The same rules as comparison.py and statistics.py; a browser test holds the two together. The error
// of each ratio comes with the page: resampling.py has worked it out.

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

/** [value, log error] of one cell's value over another's of its task; null where either has none above 0. */
function pairOf(one, other, metric) {
  const [mine, theirs] = [valueOf(one, metric), valueOf(other, metric)];
  if (mine === null || theirs === null || mine <= 0 || theirs <= 0) return null;
  return [mine / theirs, pairErrorOf(one, other, metric)];
}

/** The error of the logarithm of two cells' ratio; a cell and itself are taken for measured apart. */
function pairErrorOf(one, other, metric) {
  const errors = cells[`${metric}_pairs`];
  if (errors === undefined) return null;
  if (one === other) return errorOf(partOf(one, metric, "log_error"), partOf(other, metric, "log_error"));
  const start = cellStart[cells.task[one]];
  const first = Math.min(one, other) - start;
  const after = pairsAmong(cellStart[cells.task[one] + 1] - start - first);
  return known(errors[pairStart[cells.task[one] + 1] - after + Math.abs(one - other) - 1]);
}

function errorOf(one, other) {
  return one === null || other === null ? null : Math.hypot(one, other);
}

/** [low, high] of a pair's ratio, or null. */
function intervalOf(one, other, metric) {
  return intervalAround(pairOf(one, other, metric) ?? [0, null]);
}

function intervalAround([value, error]) {
  if (error === null) return null;
  const factor = Math.exp(page.normal_quantile * error);
  return [value / factor, value * factor];
}

/** What a ratio with its error shows of the two: "tie", "unclear" or "apart", as `Ratio` tells it. */
function nearnessOf([ratio, error]) {
  const margin = 1 + page.tie_margin;
  const factor = error === null ? margin : Math.exp(page.normal_quantile * error);
  if (ratio / factor > 1 || ratio * factor < 1) return "apart";
  return error !== null && ratio / factor >= 1 / margin && ratio * factor <= margin ? "tie" : "unclear";
}

function nearness(one, other, metric) {
  const pair = pairOf(one, other, metric);
  return pair === null ? "apart" : nearnessOf(pair);
}

/** The best cell of a task (null: none), those that tie with it, and those that cannot be told from it yet. */
function standingsOf(task, state) {
  const best = bestOf(task, state);
  const found = { best, tied: [], unclear: [] };
  if (best === null) return found;
  for (let cell = cellStart[task]; cell < cellStart[task + 1]; cell += 1) {
    if (cell === best || state.off.has(cells.engine[cell])) continue;
    const near = nearness(cell, best, state.metric);
    if (near !== "apart") found[near === "tie" ? "tied" : "unclear"].push(cell);
  }
  return found;
}

const [BEHIND, ALONE, TIES, UNCLEAR] = [0, 1, 2, 3];

function placeOf(cell, { best, tied, unclear }) {
  if (tied.includes(cell) || (cell === best && tied.length > 0)) return TIES;
  if (unclear.includes(cell) || (cell === best && unclear.length > 0)) return UNCLEAR;
  return cell === best ? ALONE : BEHIND;
}

/** A cell's ratio to the baseline; null where either has no value. */
function ratioOf(task, cell, state) {
  const baseline = baselineOf(task, state);
  return baseline === null ? null : pairOf(cell, baseline, state.metric)?.[0] ?? null;
}

function heatOf(ratio) {
  if (ratio === null || ratio <= 1) return 0;
  return Math.min(Math.log(ratio) / Math.log(page.heat.darkest_ratio), 1);
}

/** A value for a mean ratio; a missing one is penalised, or NaN where that is off. */
function counted(value, worst, state) {
  return Number.isNaN(value) && state.penalty ? page.penalty * worst : value;
}

/** [log ratio, its error] of a cell to the baseline, as both are counted; null where there is none above 0. */
function countedRatio(cell, baseline, worst, state) {
  const values = cells[state.metric];
  const own = counted(values[cell], worst, state);
  const base = counted(values[baseline], worst, state);
  if (!(own > 0 && base > 0)) return null;
  return cell === baseline ? [0, 0] : [Math.log(own / base), countedError(cell, baseline, state.metric)];
}

/** A penalised value counts as if it were known exactly. */
function countedError(one, other, metric) {
  if (!Number.isNaN(cells[metric][one] + cells[metric][other])) return pairErrorOf(one, other, metric);
  const errors = [one, other].map((cell) => (Number.isNaN(cells[metric][cell]) ? 0 : partOf(cell, metric, "log_error")));
  return errorOf(...errors);
}

/**
 * What every score is added up from, worked out once for a state: the logarithm of each cell's
 * ratio (NaN: none), the square of its error (NaN: not known), and its place; and by task, whether
 * something cannot be told from the best yet.
 */
function analyse(tasks, state) {
  const size = cells.task.length;
  const found = {
    logs: new Float64Array(size).fill(NaN), squares: new Float64Array(size), places: new Uint8Array(size),
    open: new Uint8Array(taskCount()),
  };
  for (const task of tasks) {
    const standings = standingsOf(task, state);
    if (standings.best === null) continue;
    found.open[task] = standings.unclear.length > 0 ? 1 : 0;
    const shown = cellsOf(task, state);
    for (const cell of shown) found.places[cell] = placeOf(cell, standings);
    const worst = worstOf(shown, state.metric);
    const baseline = state.baseline === null ? standings.best : cellOf(task, state.baseline);
    if (baseline === null) continue;
    for (const cell of shown) {
      const ratio = countedRatio(cell, baseline, worst, state);
      if (ratio !== null) [found.logs[cell], found.squares[cell]] = [ratio[0], ratio[1] === null ? NaN : ratio[1] ** 2];
    }
  }
  return found;
}

function worstOf(shown, metric) {
  return shown.reduce((worst, cell) => (cells[metric][cell] > worst ? cells[metric][cell] : worst), 0);
}

/** The engines' scores over some tasks, best first, those without a mean last. */
function ranked(tasks, state, analysis) {
  const scores = page.engines.map((_, engine) => (
    { engine, ok: 0, asked: 0, wins: 0, ties: 0, unclear: 0, peak: 0, count: 0, sum: 0, squares: 0 }));
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

function addCell(score, cell, state, { logs, squares, places }) {
  score.asked += 1;
  if (!Number.isNaN(cells[state.metric][cell])) score.ok += 1;
  if (places[cell] === ALONE) score.wins += 1;
  if (places[cell] === TIES) score.ties += 1;
  if (places[cell] === UNCLEAR) score.unclear += 1;
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
  const [low, high] = intervalAround([value, Math.sqrt(squares) / ratios]);
  return { value, low, high };
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
