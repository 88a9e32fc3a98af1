"use strict";
// The tasks in view -> one table for each setting: queries by engines, sortable, each cell a button.
// Of a large run only the rows near the window are filled.

const MOST_AT_ONCE = 3000;
const ROWS_IN_A_CHUNK = 40;
const chunks = new Map();
const chunkObserver = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) fillChunk(target);
}, { rootMargin: "600px" });

function showMatrices(tasks, state) {
  const bySetting = Map.groupBy(tasks, (task) => cells.task_setting[task]);
  const focused = document.activeElement?.closest("#matrices [data-key]")?.dataset.key;
  chunkObserver.disconnect();
  chunks.clear();
  const tables = [...bySetting].map(([setting, own]) => matrix(setting, own, state));
  document.querySelector(".matrices").replaceChildren(...tables);
  document.querySelector(".matrices").classList.toggle("many", tasks.length > 400);
  const few = tasks.length * page.engines.length <= MOST_AT_ONCE;
  for (const body of chunks.keys()) few ? fillChunk(body) : chunkObserver.observe(body);
  if (focused) document.querySelector(`#matrices [data-key="${CSS.escape(focused)}"]`)?.focus();
}

function matrix(setting, tasks, state) {
  const { title, label } = page.settings[setting];
  const engines = enginesOf(tasks, state);
  const heading = element("h3", {}, isolated(title), " ", element("small", {}, isolated(label)));
  const rows = sorted(tasks, state);
  const bodies = [];
  for (let at = 0; at < rows.length; at += ROWS_IN_A_CHUNK) {
    const body = element("tbody");
    const own = rows.slice(at, at + ROWS_IN_A_CHUNK);
    chunks.set(body, () => own.map((task) => matrixRow(task, engines, state)));
    body.append(element("tr", { style: { height: `${own.length * 1.95}rem` } }));
    bodies.push(body);
  }
  const table = element("table", { className: "cells", style: { "--engines": engines.length } },
    element("caption", { className: "unseen" }, `${title}, ${label}: queries by engines`),
    head(setting, engines, state), ...bodies);
  return element("div", { className: "matrix", id: `setting-${setting}`, tabIndex: -1 },
    heading, element("div", { className: "scroll" }, table));
}

function enginesOf(tasks, state) {
  const found = new Set();
  for (const task of tasks) for (const cell of cellsOf(task, state)) found.add(cells.engine[cell]);
  return page.engines.map((_, engine) => engine).filter((engine) => found.has(engine));
}

/** A click on an engine puts the queries first on which it does worst; another one turns back. */
function head(setting, engines, state) {
  const columns = engines.map((engine) => {
    const on = state.sort === engine;
    const button = element("button", {
      type: "button", className: "sort", data: { key: `sort ${setting} ${engine}`, sort: engine },
      title: on ? "Back to the order of the workload" : "Sort by the ratio, the highest first",
    }, engineName(engine), on ? " ↓" : null);
    return element("th", { scope: "col", aria: on ? { sort: "descending" } : {} }, button);
  });
  return element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Query"), ...columns));
}

function sorted(tasks, state) {
  if (state.sort === null) return tasks;
  const key = (task) => {
    const cell = cellOf(task, state.sort);
    return cell === null ? -2 : ratioOf(task, cell, state) ?? -1;
  };
  const keys = new Map(tasks.map((task) => [task, key(task)]));
  return [...tasks].sort((one, other) => keys.get(other) - keys.get(one));
}

function fillChunk(body) {
  const fill = chunks.get(body);
  if (!fill) return;
  chunks.delete(body);
  chunkObserver.unobserve(body);
  body.replaceChildren(...fill());
}

/** All rows, for a printer. */
function fillAllChunks() {
  for (const body of [...chunks.keys()]) fillChunk(body);
}

function matrixRow(task, engines, state) {
  const { name, title } = queryOf(task);
  const heading = element("th", { scope: "row", title }, breakable(name));
  const standings = standingsOf(task, state);
  const columns = engines.map((engine) => {
    const cell = cellOf(task, engine);
    return cell === null ? element("td", { className: "none", title: "not asked" }, "·")
      : matrixCell(task, cell, standings, state);
  });
  return element("tr", { data: { task } }, heading, ...columns);
}

function matrixCell(task, cell, standings, state) {
  const value = valueOf(cell, state.metric);
  const key = `cell ${cell}`;
  if (value === null) {
    const text = outcomeOf(cell).name === "ok" ? "–" : outcomeOf(cell).text;
    const button = element("button", { type: "button", className: "outcome", data: { cell, key } }, text);
    return element("td", { className: "none" }, button);
  }
  const ratio = ratioOf(task, cell, state);
  const heat = heatOf(ratio);
  const shown = mark(task, cell, standings, state) + (ratio === null ? "" : times(ratio));
  const button = element("button", { type: "button", data: { cell, key } },
    element("b", {}, amount(value, metrics.get(state.metric).unit)), element("small", {}, shown));
  return element("td", {
    className: heat > page.heat.deep ? "heat deep" : "heat", style: { "--heat": heat.toFixed(3) },
  }, button);
}

const MARKS = { [TIES]: "≈", [UNCLEAR]: "?" };

/** The sign of a tie, or of what cannot be told yet: with the best, or with the chosen baseline. */
function mark(task, cell, standings, state) {
  if (state.baseline === null) return MARKS[placeOf(cell, standings)] ?? "";
  const baseline = baselineOf(task, state);
  if (baseline === null || baseline === cell) return "";
  return { tie: "≈", unclear: "?" }[nearness(cell, baseline, state.metric)] ?? "";
}

/** Arrow keys move from cell to cell; Home and End to the ends of a row. */
function moveInMatrix(event) {
  const here = event.target.closest("table.cells td");
  if (!here || event.altKey || event.ctrlKey || event.metaKey) return;
  const row = here.parentElement;
  const rows = [...here.closest("table").querySelectorAll("tbody tr[data-task]")];
  const beside = (step) => rows[rows.indexOf(row) + step]?.children[here.cellIndex];
  const target = {
    ArrowLeft: () => here.previousElementSibling, ArrowRight: () => here.nextElementSibling,
    ArrowUp: () => beside(-1), ArrowDown: () => beside(1),
    Home: () => row.children[1], End: () => row.lastElementChild,
  }[event.key]?.();
  const button = target?.querySelector("button");
  if (!button) return;
  event.preventDefault();
  button.focus();
}
