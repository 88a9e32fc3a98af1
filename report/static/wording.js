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

function plain(ratio) {
  return ratio.toFixed(ratio < 10 ? 2 : ratio < 100 ? 1 : 0);
}

function times(ratio) {
  return `${plain(ratio)}×`;
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

/** Who wins on how many of some queries, who ties, what cannot be told yet, and who has no value. */
function finding(tasks, scores, state, { open }) {
  const queries = count(tasks.length, "query", "queries");
  const best = scores.filter(({ wins, ties, unclear }) => wins + ties + unclear > 0);
  if (best.length === 0) return `No engine has a value for any of ${queries}.`;
  const clauses = mostFirst(best, ({ wins }) => wins, ({ ties }) => ties, ({ unclear }) => unclear)
    .map((score) => clause(score, metrics.get(state.metric)));
  const unclear = tasks.reduce((sum, task) => sum + open[task], 0);
  const untold = unclear === 0 ? [] : [`On ${count(unclear, "query", "queries")} the best cannot be told from others yet.`];
  return [`Of ${queries}, ${clauses.join("; ")}.`, ...untold, ...gaps(scores)].join(" ");
}

function clause({ engine, wins, ties, unclear }, metric) {
  const parts = [];
  if (wins > 0) parts.push(`is ${metric.superlative} on ${wins}`);
  if (ties > 0) parts.push(`ties for best on ${ties}`);
  if (unclear > 0) parts.push(`may be best on ${unclear}`);
  return `${labelOf(engine)} ${join(parts)}`;
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
  const { best, tied, unclear } = standingsOf(task, state);
  if (best === null) return "No engine has a value.";
  const value = measured(valueOf(best, state.metric), state.metric);
  const label = (cell) => labelOf(engineOf(cell));
  if (tied.length > 0) {
    const others = unclear.length > 0 ? `; ${join(unclear.map(label))} cannot be told apart yet` : "";
    return `${join([best, ...tied].map(label))} tie at ${value}${others}.`;
  }
  if (unclear.length > 0) {
    const others = unclear.map((cell) => `${label(cell)} at ${factor(cell, best, state.metric)}`);
    return `${label(best)} leads with ${value}, but cannot be told yet from ${join(others)}.`;
  }
  return `${label(best)} is ${metrics.get(state.metric).superlative}: ${value}${lead(task, best, state)}.`;
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
  return interval === null ? "" : ` (${interval.map(plain).join("–")})`;
}

/** How one cell stands to another: "slower than Polars by 3.10× (3.02–3.19)", a tie, or not told apart. */
function standing(one, other, metric) {
  const pair = pairOf(one, other, metric);
  if (pair === null) return null;
  const to = labelOf(engineOf(other));
  const near = nearnessOf(pair);
  if (near === "tie") return `ties with ${to}: ${factor(one, other, metric)}`;
  if (near === "unclear") return `cannot be told from ${to} yet: ${factor(one, other, metric)}`;
  const more = metrics.get(metric).unit === "MiB" ? ["more memory", "less memory"] : ["slower", "faster"];
  const [above, below] = [pair[0] >= 1, pair[0] < 1];
  const shown = above ? factor(one, other, metric) : factor(other, one, metric);
  return `${more[below ? 1 : 0]} than ${to} by ${shown}`;
}
