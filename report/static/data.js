"use strict";
// What the page holds: its outline, and the numbers of cells and rounds once they are unpacked.
// A cell, task, engine, query or setting is its place in these lists and columns.

const page = JSON.parse(document.getElementById("outline").textContent);
const metrics = new Map(page.metrics.map((metric) => [metric.name, metric]));
const MISSING = -1;

let cells = null;
let rounds = null;
let cellStart = null;
let roundStart = null;
let turnStart = null;
let pairStart = null;
let texts = null;

async function load() {
  [cells, rounds] = await Promise.all([unpackNumbers("cells"), unpackNumbers("rounds"), loadRuns()]);
  cellStart = new Int32Array(cells.task_setting.length + 1);
  for (const task of cells.task) cellStart[task + 1] += 1;
  accumulate(cellStart);
  pairStart = starts(Int32Array.from(cells.task_setting, (_, task) => pairsAmong(cellStart[task + 1] - cellStart[task])));
  roundStart = starts(rounds.rounds);
  turnStart = starts(rounds.turns);
}

/** How many pairs so many cells make. */
function pairsAmong(count) {
  return (count * (count - 1)) / 2;
}

function starts(counts) {
  const found = new Int32Array(counts.length + 1);
  found.set(counts, 1);
  return accumulate(found);
}

function accumulate(counts) {
  for (let at = 1; at < counts.length; at += 1) counts[at] += counts[at - 1];
  return counts;
}

/** SQL, plans and programs; unpacked when they are first asked for. */
function loadTexts() {
  texts ??= unpackText("texts");
  return texts;
}

function taskCount() {
  return cells.task_setting.length;
}

function settingOf(task) {
  return page.settings[cells.task_setting[task]];
}

function queryOf(task) {
  return page.queries[cells.task_query[task]];
}

function engineOf(cell) {
  return cells.engine[cell];
}

function labelOf(engine) {
  return page.engines[engine].label;
}

function outcomeOf(cell) {
  return page.outcomes[cells.outcome[cell]];
}

function reasonOf(cell) {
  return page.reasons[cells.reason[cell]];
}

/** A cell's value in a metric; null where it has none. */
function valueOf(cell, metric) {
  return known(cells[metric][cell]);
}

/** ``low``, ``high`` or ``log_error`` of a cell's value; null where it is not known. */
function partOf(cell, metric, part) {
  return known(cells[`${metric}_${part}`]?.[cell]);
}

function known(value) {
  return value === undefined || Number.isNaN(value) ? null : value;
}

function secondsOf(cell) {
  return rounds.seconds.subarray(roundStart[cell], roundStart[cell + 1]);
}

function cpuSecondsOf(cell) {
  return rounds.cpu_seconds.subarray(roundStart[cell], roundStart[cell + 1]);
}

function turnsOf(cell) {
  return rounds.turn.subarray(turnStart[cell], turnStart[cell + 1]);
}

/** CPU seconds for each wall-clock second of the hot rounds; null without rounds. */
function coresOf(cell) {
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const wall = sum(secondsOf(cell));
  return wall > 0 ? sum(cpuSecondsOf(cell)) / wall : null;
}
