// Two engines -> how much the second gains on the first, by query and in all.
import { cells, labelOf, metrics, outcomeOf, page, queryOf, reasonOf, sum, valueOf } from "./data.js";
import { cellOf, geometricMean, intervalAround, nearnessOf, pairOf } from "./model.js";
import { measured, queries, range, times } from "./wording.js";

/** The engines of the pair: those that the reader chose, or from pandas (or the last) to the best; null where there
 * is one only. @type {(view: View) => { from: number, to: number } | null} */
export function enginesOfPair({ state, scores }) {
  const timed = scores.filter(({ mean }) => mean !== null).map(({ engine }) => engine);
  const to = state.to ?? timed.find((engine) => engine !== state.from);
  const others = timed.filter((engine) => engine !== to);
  const from = state.from ?? others.find((engine) => page.engines[engine].name === "pandas") ?? others[others.length - 1];
  return from === undefined || to === undefined ? null : { from, to };
}

/** The cells of both engines, where both have one. @type {(tasks: number[], pair: { from: number, to: number }) => { task: number, from: number, to: number }[]} */
function cellsOfPair(tasks, pair) {
  return tasks.flatMap((task) => {
    const [from, to] = [cellOf(task, pair.from), cellOf(task, pair.to)];
    return from === null || to === null ? [] : [{ task, from, to }];
  });
}

/** The gains on each query of a setting, the highest first. @type {(setting: number, view: View) => Row[]} */
export function gainRows(setting, view) {
  const pair = enginesOfPair(view);
  if (pair === null) return [];
  const found = cellsOfPair(view.tasks.filter((task) => cells.task_setting[task] === setting), pair).map((each) => ({
    ...each, ratio: pairOf(each.from, each.to, view.state.metric),
  }));
  const sorted = found.sort((one, other) => (other.ratio?.[0] ?? 0) - (one.ratio?.[0] ?? 0));
  return sorted.flatMap(({ task, from, to, ratio }, place) => {
    const own = { query: labelOfQuery(task), place, cell: to, other: from, colour: `var(--engine-${pair.to})` };
    return ratio === null ? [{ ...own, ...missingOne(from, to) }] : [{ ...own, ...gainOf(from, to, ratio, view.state.metric) }, ...memoryOf(own, from, to, view.state)];
  });
}

/** A query's name with its title. @type {(task: number) => string} */
export function labelOfQuery(task) {
  const { name, title } = queryOf(task);
  return title === name ? name : `${name} · ${title}`;
}

/** @type {(from: number, to: number, ratio: Ratio, metric: string) => Row} */
function gainOf(from, to, ratio, metric) {
  const [low, high] = intervalAround(ratio) ?? [ratio[0], ratio[0]];
  const values = [from, to].map((cell) => measured(valueOf(cell, metric) ?? 0, metric));
  return { kind: "time", gain: ratio[0], low, high, label: `${times(ratio[0])}${range(intervalAround(ratio))}`, note: values.join(" → ") };
}

/** @type {(own: Row, from: number, to: number, state: State) => Row[]} */
function memoryOf(own, from, to, { metric }) {
  const ratio = metric === "peak" ? null : pairOf(from, to, "peak");
  if (ratio === null) return [];
  const values = [from, to].map((cell) => measured(valueOf(cell, "peak") ?? 0, "peak"));
  return [{ ...own, kind: "memory", gain: ratio[0], low: ratio[0], high: ratio[0], label: `memory ${times(ratio[0])}`, note: values.join(" → ") }];
}

/** Why a pair has no ratio. @type {(from: number, to: number) => Row} */
function missingOne(from, to) {
  const cell = [from, to].find((each) => outcomeOf(each).name !== "ok");
  if (cell === undefined) return { kind: "missing", label: "not measured", note: "" };
  return { kind: "missing", label: `${labelOf(cells.engine[cell])}: ${outcomeOf(cell).text}`, note: reasonOf(cell) };
}

/** What the second engine gains in all. @type {(view: View) => string} */
export function pairInWords(view) {
  const pair = enginesOfPair(view);
  if (pair === null) return "It takes two engines that have a value.";
  if (pair.from === pair.to) return "Choose two engines.";
  const { metric } = view.state;
  const both = cellsOfPair(view.tasks, pair);
  const ratios = both.map(({ from, to }) => pairOf(from, to, metric)).filter((ratio) => ratio !== null);
  const [from, to] = [labelOf(pair.from), labelOf(pair.to)];
  if (ratios.length === 0) return `${from} and ${to} have no query in common in this view.`;
  const mean = meanOf(ratios);
  const more = (metrics.get(metric) ?? page.metrics[0]).more.replace("{}", `${times(mean.value)}${range(mean.interval)}`);
  const near = Map.groupBy(ratios, (ratio) => (nearnessOf(ratio) !== "apart" ? "near" : ratio[0] > 1 ? "better" : "worse"));
  const number = (/** @type {"near" | "better" | "worse"} */ name) => near.get(name)?.length ?? 0;
  const parts = [`better on ${number("better")}`, `worse on ${number("worse")}`, ...(number("near") > 0 ? [`as good or not told apart on ${number("near")}`] : [])];
  const memory = both.map((each) => pairOf(each.from, each.to, "peak")).filter((ratio) => ratio !== null);
  return `${from} ${more} as ${to} over ${queries(ratios.length)}: ${to} is ${parts.join(", ")}.`
    + (metric === "peak" || memory.length === 0 ? "" : ` ${from} needs ${times(meanOf(memory).value)} the peak memory.`)
    + (both.length > ratios.length ? ` ${queries(both.length - ratios.length)} without a value of both.` : "");
}

/** @type {(ratios: Ratio[]) => Mean} */
function meanOf(ratios) {
  const squares = sum(ratios.map(([, error]) => (error === null ? NaN : error ** 2)));
  return /** @type {Mean} */ (geometricMean(ratios.length, sum(ratios.map(([value]) => Math.log(value))), squares));
}
