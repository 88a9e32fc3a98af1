// Turns values into words. Numbers are formatted as in report/words/wording.py.
import { engineOf, labelOf, metrics, unitOf, valueOf } from "./data.js";
import { intervalAround, leastOf, nearnessOf, pairOf, standingsOf, timed } from "./model.js";

const MEBIBYTE = 2 ** 20;

/** Three significant digits and at most six decimals. @type {(value: number) => string} */
export function seconds(value) {
  if (value <= 0) return "0";
  return value.toFixed(Math.min(Math.max(2 - Math.floor(Math.log10(value)), 0), 6));
}

/** Seconds, or bytes as mebibytes, without the unit. @type {(value: number, unit: string) => string} */
export function amount(value, unit) {
  return unit === "MiB" ? (value / MEBIBYTE).toFixed(0).replace(/\B(?=(\d{3})+$)/g, ",") : seconds(value);
}

/** Seconds, or bytes as mebibytes, for an axis. @type {(value: number, metric: string) => number} */
export const scaled = (value, metric) => unitOf(metric) === "MiB" ? value / MEBIBYTE : value;

/** Seconds or bytes with their unit. @type {(value: number, metric: string) => string} */
export const measured = (value, metric) => `${amount(value, unitOf(metric))} ${unitOf(metric)}`;

/** @type {(ratio: number) => string} */
export const plain = (ratio) => ratio.toFixed(ratio < 10 ? 2 : ratio < 100 ? 1 : 0);

/** @type {(ratio: number) => string} */
export const times = (ratio) => `${plain(ratio)}×`;

/** An interval in brackets, after a space. @type {(interval: Interval | null, write?: (end: number) => string) => string} */
export const range = (interval, write = plain) => interval === null ? "" : ` (${interval.map(write).join("–")})`;

/** @type {(number: number, noun: string, plural?: string) => string} */
export const count = (number, noun, plural = `${noun}s`) => `${number} ${number === 1 ? noun : plural}`;

/** @type {(number: number) => string} */
export const queries = (number) => count(number, "query", "queries");

/** a, b and c. @type {(parts: string[]) => string} */
const join = (parts) => [parts.slice(0, -1).join(", "), ...parts.slice(-1)].filter(Boolean).join(" and ");

/** Scores by numbers, more first, then by label. @type {(scores: Score[], ...numbers: ((score: Score) => number)[]) => Score[]} */
function mostFirst(scores, ...numbers) {
  const byLabel = (/** @type {Score} */ one, /** @type {Score} */ other) => (labelOf(one.engine) < labelOf(other.engine) ? -1 : 1);
  return [...scores].sort((one, other) => (
    numbers.map((number) => number(other) - number(one)).find(Boolean) ?? byLabel(one, other)));
}

/** Says how often each engine is the best, ties with the best, or may be the best, and which have no value.
 * @type {(tasks: number[], scores: Score[], state: State, open: Set<number>) => string} */
export function finding(tasks, scores, { metric }, open) {
  const best = scores.filter(({ wins, ties, unclear }) => wins + ties + unclear > 0);
  if (best.length === 0) return `No engine has a value for any of ${queries(tasks.length)}.`;
  const clauses = mostFirst(best, ({ wins }) => wins, ({ ties }) => ties, ({ unclear }) => unclear)
    .map((score) => clause(score, metrics.get(metric)?.superlative ?? ""));
  const unclear = tasks.filter((task) => open.has(task)).length;
  const untold = unclear === 0 ? [] : [`On ${queries(unclear)} the best cannot be told from others yet.`];
  return [`Of ${queries(tasks.length)}, ${clauses.join("; ")}.`, ...untold, ...gaps(scores)].join(" ");
}

/** @type {(score: Score, superlative: string) => string} */
function clause({ engine, wins, ties, unclear }, superlative) {
  const parts = [
    wins > 0 ? `is ${superlative} on ${wins}` : "", ties > 0 ? `ties for best on ${ties}` : "",
    unclear > 0 ? `may be best on ${unclear}` : "",
  ];
  return `${labelOf(engine)} ${join(parts.filter(Boolean))}`;
}

/** @type {(scores: Score[]) => string[]} */
function gaps(scores) {
  const missing = (/** @type {Score} */ { ok, total }) => total - ok;
  const found = mostFirst(scores.filter((score) => missing(score) > 0), missing);
  if (found.length === 0) return [];
  return [`${join(found.map((score) => `${labelOf(score.engine)} has no value for ${missing(score)}`))}.`];
}

/** The engines' mean ratios in one sentence. @type {(view: View) => string} */
export function overall({ scores, tasks, state }) {
  const means = scores.flatMap(({ engine, mean }) => (mean === null ? [] : [{ name: labelOf(engine), mean: times(mean.value) }]));
  if (means.length === 0) return "No engine has a value.";
  const [first, ...others] = means;
  const over = `Over ${queries(tasks.length)}, `;
  const head = state.baseline === null ? `${over}${first.name} stays closest to the best of each: ${first.mean}`
    : `${over}as a multiple of ${labelOf(state.baseline)}: ${first.name} ${first.mean}`;
  return `${head} in the geometric mean${others.map(({ name, mean }) => `, ${name} ${mean}`).join("")}.`;
}

/** What one task shows: the best, those near it, and the lead over the next. @type {(task: number, state: State) => string} */
export function verdict(task, state) {
  const { best, tied, unclear } = standingsOf(task, state);
  if (best === null) return "No engine has a value.";
  const value = measured(valueOf(best, state.metric) ?? 0, state.metric);
  const label = (/** @type {number} */ cell) => labelOf(engineOf(cell));
  if (tied.length > 0) {
    const others = unclear.length > 0 ? `; ${join(unclear.map(label))} cannot be told apart yet` : "";
    return `${join([best, ...tied].map(label))} tie at ${value}${others}.`;
  }
  if (unclear.length > 0) {
    const others = unclear.map((cell) => `${label(cell)} at ${factor(cell, best, state.metric)}`);
    return `${label(best)} leads with ${value}, but cannot be told yet from ${join(others)}.`;
  }
  const next = leastOf(timed(task, state).filter((cell) => cell !== best), state.metric);
  const lead = next === null || pairOf(next, best, state.metric) === null ? ""
    : `; next is ${label(next)} at ${factor(next, best, state.metric)}`;
  return `${label(best)} is ${metrics.get(state.metric)?.superlative}: ${value}${lead}.`;
}

/** One cell's value over another's with its interval: 1.31× (1.25–1.36). @type {(one: number, other: number, metric: string) => string} */
function factor(one, other, metric) {
  const ratio = pairOf(one, other, metric);
  return ratio === null ? "–" : times(ratio[0]) + range(intervalAround(ratio));
}

/** Compares a cell with another in words: "slower than Polars by 3.10× (3.02–3.19)", a tie, or not told apart.
 * @type {(one: number, other: number, metric: string) => string | null} */
export function standing(one, other, metric) {
  const ratio = pairOf(one, other, metric);
  if (ratio === null) return null;
  const [to, near] = [labelOf(engineOf(other)), nearnessOf(ratio)];
  if (near === "tie") return `ties with ${to}: ${factor(one, other, metric)}`;
  if (near === "unclear") return `cannot be told from ${to} yet: ${factor(one, other, metric)}`;
  const [more, less] = unitOf(metric) === "MiB" ? ["more memory", "less memory"] : ["slower", "faster"];
  return ratio[0] >= 1 ? `${more} than ${to} by ${factor(one, other, metric)}` : `${less} than ${to} by ${factor(other, one, metric)}`;
}
