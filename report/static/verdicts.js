// Tasks of one kind of work -> the engine to use for them, its lead, and what it costs.
// The rules are those of report/compare/verdicts.py, the words those of report/words/verdicts.py.
import { cells, engineOf, labelOf, metrics, page, queryOf, taskOf, valueOf } from "./data.js";
import { analyse, bestOf, cellOf, cellsOf, countedRatio, geometricMean, intervalAround, nearnessOf, pairOf, ranked, timed, unsureOf } from "./model.js";
import { amount, queries, range, times } from "./wording.js";

/** The engine with the lowest mean ratio, with the penalty for missing values, whatever the baseline; null where no
 * engine has a value. @type {(tasks: number[], view: View) => Picked | null} */
export function pickOf(tasks, view) {
  const state = { ...view.state, baseline: null, penalty: true };
  view.fair ??= view.state.baseline === null && view.state.penalty ? view.analysis : analyse(view.tasks, state);
  const [best, ...others] = ranked(tasks, state, view.fair).filter(({ mean }) => mean !== null);
  if (best === undefined) return null;
  return {
    score: best, total: tasks.length, missing: missingOf(tasks, best.engine, state).length,
    next: nextTo(tasks, best.engine, others, state), rival: rivalOf(tasks, best, others, state),
    worst: worstOf(tasks, best.engine, null, state), leaner: leanerThan(best, others),
  };
}

/** The second engine, with its mean ratio to the first. @type {(tasks: number[], best: number, others: Score[], state: State) => Picked["next"]} */
function nextTo(tasks, best, [second], state) {
  if (second === undefined) return null;
  const ratios = tasks.flatMap((task) => {
    const [own, base] = [cellOf(task, second.engine), cellOf(task, best)];
    const values = timed(task, state).map((cell) => cells[state.metric][cell]);
    const ratio = own === null || base === null || values.length === 0 ? null : countedRatio(own, base, Math.max(...values), state);
    return ratio === null ? [] : [ratio];
  });
  const logs = ratios.reduce((total, [value]) => total + Math.log(value), 0);
  const squares = ratios.reduce((total, [, error]) => total + (error === null ? NaN : error ** 2), 0);
  const mean = geometricMean(ratios.length, logs, squares);
  return mean === null ? null : { engine: second.engine, ratio: mean.ratio };
}

/** An engine that is the best of more queries than the pick. @type {(tasks: number[], best: Score, others: Score[], state: State) => Picked["rival"]} */
function rivalOf(tasks, best, others, state) {
  const rival = others.reduce((most, each) => (each.wins > most.wins ? each : most), best);
  if (rival === best) return null;
  const own = new Set(missingOf(tasks, best.engine, state));
  const missing = missingOf(tasks, rival.engine, state).filter((task) => !own.has(task)).length;
  return { engine: rival.engine, wins: rival.wins, missing, worst: worstOf(tasks, rival.engine, best.engine, state) };
}

/** @type {(tasks: number[], engine: number, state: State) => number[]} */
function missingOf(tasks, engine, state) {
  return tasks.filter((task) => cellsOf(task, state).some((cell) => engineOf(cell) === engine && valueOf(cell, state.metric) === null));
}

/** The cell where an engine stands worst against another, or the best; null if nowhere much.
 * @type {(tasks: number[], engine: number, other: number | null, state: State) => Worst | null} */
function worstOf(tasks, engine, other, state) {
  /** @type {Worst | null} */
  let found = null;
  for (const task of tasks) {
    const [own, base] = [cellOf(task, engine), other === null ? bestOf(task, state) : cellOf(task, other)];
    const ratio = own === null || base === null || own === base ? null : pairOf(own, base, state.metric);
    if (ratio === null || unsureOf(ratio) || ratio[0] < page.notable) continue;
    if (own !== null && (found === null || ratio[0] > found.ratio)) found = { cell: own, ratio: ratio[0] };
  }
  return found;
}

/** The leanest engine, if the pick needs much more memory. @type {(best: Score, others: Score[]) => Score | null} */
function leanerThan(best, others) {
  const leanest = [best, ...others].filter(({ peak }) => peak > 0).reduce((least, each) => (each.peak < least.peak ? each : least), best);
  return best.peak > 0 && best.peak >= page.much_memory * leanest.peak ? leanest : null;
}

/** @type {(ratio: Ratio) => string} */
const timesOf = (ratio) => times(ratio[0]) + range(intervalAround(ratio));
/** @type {(metric: string, text: string) => string} */
const more = (metric, text) => /** @type {Metric} */ (metrics.get(metric)).more.replace("{}", text);
/** @type {(metric: string) => string} */
const superlative = (metric) => /** @type {Metric} */ (metrics.get(metric)).superlative;
/** @type {(found: Worst) => string} */
const nameOf = ({ cell }) => queryOf(taskOf(cell)).name;

/** How the pick stands to the next engine. @type {(pick: Picked, metric: string) => string} */
function leadInWords({ next }, metric) {
  if (next === null) return "No other engine has a value.";
  const near = nearnessOf(next.ratio);
  if (near === "tie") return `It ties with ${labelOf(next.engine)}.`;
  if (near === "unclear") return `It cannot be told from ${labelOf(next.engine)} yet: ${timesOf(next.ratio)}.`;
  return `${labelOf(next.engine)}, the next, ${more(metric, timesOf(next.ratio))}.`;
}

/** Where the pick, or another engine, is the best. @type {(pick: Picked, metric: string) => string} */
function reasonInWords({ score, rival, total }, metric) {
  const best = superlative(metric);
  if (rival === null) {
    const ties = score.ties > 0 ? `, ties for best on ${score.ties}` : "";
    return `${best[0].toUpperCase()}${best.slice(1)} on ${score.wins} of ${queries(total)}${ties}.`;
  }
  const head = `${labelOf(rival.engine)} is ${best} on ${rival.wins} of ${total}`;
  if (rival.missing > 0) return `${head}, but has no value for ${rival.missing}.`;
  return rival.worst === null ? `${head}.` : `${head}, but ${more(metric, times(rival.worst.ratio))} on ${nameOf(rival.worst)}.`;
}

/** Where the pick is not the best. @type {(pick: Picked) => string} */
function priceInWords({ worst, missing }) {
  return [
    worst === null ? "" : `At worst ${times(worst.ratio)} the best, on ${nameOf(worst)}.`, missing > 0 ? `No value for ${missing}.` : "",
  ].filter(Boolean).join(" ");
}

/** @type {(pick: Picked) => string} */
function memoryInWords({ score, leaner }) {
  if (score.peak <= 0) return "";
  const own = `${amount(score.peak, "MiB")} MiB of memory at most`;
  return leaner === null ? `${own}.` : `${own}; ${labelOf(leaner.engine)} ${amount(leaner.peak, "MiB")} MiB.`;
}

/** The sentences of a verdict: lead, reason, price and memory, each may be empty. @type {(pick: Picked, state: State) => string[]} */
export function pickInWords(pick, { metric }) {
  return [leadInWords(pick, metric), reasonInWords(pick, metric), priceInWords(pick), memoryInWords(pick)];
}
