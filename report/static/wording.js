"use strict";
// Values -> the words of wording.py, for what the reader chose.

function amount(value, unit) {
  if (unit !== "MiB") return seconds(value);
  return (value / 2 ** 20).toFixed(0).replace(/\B(?=(\d{3})+$)/g, ",");
}

function seconds(value) {
  if (value <= 0) return "0";
  const decimals = 2 - Math.floor(Math.log10(value));
  return value.toFixed(Math.min(Math.max(decimals, 0), 6));
}

function times(ratio) {
  return `${ratio.toFixed(ratio < 10 ? 2 : ratio < 100 ? 1 : 0)}×`;
}

function count(number, noun, plural = `${noun}s`) {
  return `${number} ${number === 1 ? noun : plural}`;
}

function join(parts) {
  return [parts.slice(0, -1).join(", "), ...parts.slice(-1)].filter(Boolean).join(" and ");
}

/** Sorts scores by numbers, more first, then by label. */
function mostFirst(scores, ...numbers) {
  const byLabel = (one, other) => (labelOf(one.engine) < labelOf(other.engine) ? -1 : 1);
  return [...scores].sort((one, other) => (
    numbers.map((number) => number(other) - number(one)).find(Boolean) ?? byLabel(one, other)));
}

/** Seconds or bytes with their unit. */
function measured(value, metric) {
  const { unit } = metrics.get(metric);
  return `${amount(value, unit)} ${unit}`;
}

/** Who wins on how many of so many queries, who ties, and who has no value. */
function finding(asked, scores, state) {
  const queries = count(asked, "query", "queries");
  const winners = scores.filter(({ wins, ties }) => wins + ties > 0);
  if (winners.length === 0) return `No engine has a value for any of ${queries}.`;
  const clauses = mostFirst(winners, ({ wins }) => wins, ({ ties }) => ties)
    .map((score) => clause(score, metrics.get(state.metric)));
  return [`Of ${queries}, ${clauses.join("; ")}.`, ...gaps(scores)].join(" ");
}

function clause({ engine, wins, ties }, metric) {
  const parts = [];
  if (wins > 0) parts.push(`is ${metric.superlative} on ${wins}`);
  if (ties > 0) parts.push(`ties for best on ${ties}`);
  return `${labelOf(engine)} ${parts.join(" and ")}`;
}

function gaps(scores) {
  const missing = ({ ok, asked }) => asked - ok;
  const found = mostFirst(scores.filter((score) => missing(score) > 0), missing);
  if (found.length === 0) return [];
  return [`${join(found.map((score) => `${labelOf(score.engine)} has no value for ${missing(score)}`))}.`];
}

function overall(scores, tasks, state) {
  const [first, ...others] = scores.filter((score) => score.mean !== null);
  if (first === undefined) return "No engine has a value.";
  const queries = count(tasks.length, "query", "queries");
  const mean = (score) => `${labelOf(score.engine)} ${times(score.mean.value)}`;
  const rest = others.map((score) => `, ${mean(score)}`).join("");
  if (state.baseline !== null) {
    const to = labelOf(state.baseline);
    return `Over ${queries}, as a multiple of ${to}: ${mean(first)} in the geometric mean${rest}.`;
  }
  return `Over ${queries}, ${labelOf(first.engine)} stays closest to the best of each: `
    + `${times(first.mean.value)} in the geometric mean${rest}.`;
}

function verdict(task, state) {
  const [first, ...others] = winnersOf(task, state);
  if (first === undefined) return "No engine has a value.";
  const value = measured(valueOf(first, state.metric), state.metric);
  const label = (cell) => labelOf(engineOf(cell));
  if (others.length > 0) return `${join([first, ...others].map(label))} tie at ${value}.`;
  return `${label(first)} is ${metrics.get(state.metric).superlative}: ${value}${lead(task, first, state)}.`;
}

function lead(task, first, state) {
  const value = (cell) => valueOf(cell, state.metric);
  const behind = timed(task, state).filter((cell) => cell !== first);
  if (behind.length === 0 || value(first) <= 0) return "";
  const next = behind.reduce((least, cell) => (value(cell) < value(least) ? cell : least));
  return `; next is ${labelOf(engineOf(next))} at ${factor(next, first, state.metric)}`;
}

/** One cell's value over another's with its interval: 1.31× (1.25–1.36). */
function factor(one, other, metric) {
  const pair = pairOf(one, other, metric);
  return pair === null ? "–" : `${times(pair[0])}${range(intervalOf(one, other, metric))}`;
}

function range(interval) {
  return interval === null ? "" : ` (${interval[0].toFixed(2)}–${interval[1].toFixed(2)})`;
}

/** How one cell stands to another: "3.10× slower than Polars (3.02–3.19)", or a tie. */
function standing(one, other, metric) {
  const pair = pairOf(one, other, metric);
  if (pair === null) return null;
  const to = labelOf(engineOf(other));
  if (tied(one, other, metric)) return `ties with ${to}: ${factor(one, other, metric)}`;
  const more = metrics.get(metric).unit === "MiB" ? ["more memory", "less memory"] : ["slower", "faster"];
  const [above, below] = [pair[0] >= 1, pair[0] < 1];
  const shown = above ? factor(one, other, metric) : factor(other, one, metric);
  return `${more[below ? 1 : 0]} than ${to} by ${shown}`;
}
