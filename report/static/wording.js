// Values -> words. Numbers look as those of report/words/wording.py do.
import { engineOf, labelOf, metrics, page, unitOf, valueOf } from "./data.js";
import { intervalAround, leastOf, nearnessOf, pairOf, standingsOf, timed } from "./model.js";

const MEBIBYTE = 2 ** 20;

/** Three significant digits and at most six decimals. @type {(value: number) => string} */
export function significant(value) {
  if (value <= 0) return "0";
  return value.toFixed(Math.min(Math.max(2 - Math.floor(Math.log10(value)), 0), 6));
}

/** The unit of a duration, and how many of it a second has. @type {(seconds: number) => { unit: string, scale: number }} */
export function unitFor(seconds) {
  const rounded = Number(seconds.toPrecision(3));
  if (rounded >= 1 || seconds <= 0) return { unit: "s", scale: 1 };
  return rounded >= 1e-3 ? { unit: "ms", scale: 1e3 } : { unit: "µs", scale: 1e6 };
}

/** 1.23 s, 12.3 ms, 456 µs. @type {(seconds: number) => string} */
export function duration(seconds) {
  const { unit, scale } = unitFor(seconds);
  return `${significant(Number(seconds.toPrecision(3)) * scale)} ${unit}`;
}

/** A whole number with commas. @type {(value: number) => string} */
export const grouped = (value) => value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ",");

/** Bytes as mebibytes, without the unit. @type {(bytes: number) => string} */
export const mebibytes = (bytes) => grouped(bytes / MEBIBYTE);

/** Seconds or bytes with their unit. @type {(value: number, unit: string) => string} */
export const amount = (value, unit) => unit === "MiB" ? `${mebibytes(value)} MiB` : duration(value);

/** An interval with its unit once: 12.1–12.9 ms. @type {(low: number, high: number, unit: string) => string} */
export function between(low, high, unit) {
  if (unit === "MiB") return `${mebibytes(low)}–${mebibytes(high)} MiB`;
  const { scale, unit: own } = unitFor(high);
  return `${significant(low * scale)}–${significant(high * scale)} ${own}`;
}

/** Seconds, or bytes as mebibytes, for an axis. @type {(value: number, metric: string) => number} */
export const scaled = (value, metric) => unitOf(metric) === "MiB" ? value / MEBIBYTE : value;

/** A value of a metric with its unit. @type {(value: number, metric: string) => string} */
export const measured = (value, metric) => amount(value, unitOf(metric));

/** @type {(ratio: number) => string} */
export const plain = (ratio) => ratio.toFixed(ratio < 10 ? 2 : ratio < 100 ? 1 : 0);

/** @type {(ratio: number) => string} */
export const times = (ratio) => `${plain(ratio)}×`;

/** An interval in brackets, after a space. @type {(interval: Interval | null) => string} */
export const range = (interval) => interval === null ? "" : ` (${interval.map(plain).join("–")})`;

/** @type {(number: number, noun: string, plural?: string) => string} */
export const count = (number, noun, plural = `${noun}s`) => `${number} ${number === 1 ? noun : plural}`;

/** @type {(number: number) => string} */
export const queries = (number) => count(number, "query", "queries");

/** a, b and c. @type {(parts: string[]) => string} */
export const join = (parts) => [parts.slice(0, -1).join(", "), ...parts.slice(-1)].filter(Boolean).join(" and ");

/** The engines' mean ratios in one sentence. @type {(view: View) => string} */
export function overall({ scores, tasks, state }) {
  const means = scores.flatMap(({ engine, mean }) => (mean === null ? [] : [{ name: labelOf(engine), mean: times(mean.value) }]));
  if (means.length === 0) return "No engine has a value.";
  const [first, ...others] = means;
  const metric = metrics.get(state.metric) ?? page.metrics[0];
  const over = metric === page.metrics[0] ? `Over ${queries(tasks.length)}, ` : `${metric.label}: over ${queries(tasks.length)}, `;
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
