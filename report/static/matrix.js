// Shows the tasks in view as a table for each setting: queries by engines, sortable, each cell a button.
// In a large run only the rows near the window are filled.
import { cells, outcomeOf, page, queryOf, unitOf, valueOf } from "./data.js";
import { shadeOf } from "./kinds.js";
import { withTools } from "./saving.js";
import { all, around, breakable, element, engineName, isolated, one } from "./elements.js";
import { cellOf, enginesOf, markOf, ratioOf, standingsOf, timed } from "./model.js";
import { grouped, mebibytes, significant, times, unitFor } from "./wording.js";

const MOST_AT_ONCE = 3000;
const ROWS_IN_A_CHUNK = 40;
/** What fills each part of a table that is empty yet. @type {Map<HTMLElement, () => HTMLElement[]>} */
const chunks = new Map();
const chunkObserver = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) fillChunk(/** @type {HTMLElement} */ (target));
}, { rootMargin: "600px" });

/** @type {(tasks: number[], state: State) => void} */
export function showMatrices(tasks, state) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement?.closest("#matrices [data-key]"))?.dataset.key;
  chunkObserver.disconnect();
  chunks.clear();
  const bySetting = Map.groupBy(tasks, (task) => cells.task_setting[task]);
  one(".matrices").replaceChildren(...[...bySetting].map(([setting, own]) => matrix(setting, own, state)));
  if (tasks.length * page.engines.length <= MOST_AT_ONCE) fillAllChunks();
  for (const body of chunks.keys()) chunkObserver.observe(body);
  if (focused) all(`#matrices [data-key="${CSS.escape(focused)}"]`)[0]?.focus();
}

/** @type {(setting: number, tasks: number[], state: State) => HTMLElement} */
function matrix(setting, tasks, state) {
  const { title, label } = page.settings[setting];
  const engines = enginesOf(tasks, state);
  const rows = sorted(tasks, state);
  const unit = unitOfMatrix(tasks, state);
  const bodies = [];
  for (let at = 0; at < rows.length; at += ROWS_IN_A_CHUNK) {
    const own = rows.slice(at, at + ROWS_IN_A_CHUNK);
    const body = element("tbody", {}, element("tr", { style: { height: `${own.length * 1.95}rem` } }));
    chunks.set(body, () => own.map((task) => matrixRow(task, engines, state, unit)));
    bodies.push(body);
  }
  const table = element("table", { className: "cells" },
    element("caption", { className: "unseen" }, `${title}, ${label}: queries by engines`), head(setting, engines, state), ...bodies);
  return withTools(element("div", { className: "matrix", id: `setting-${setting}`, tabIndex: -1, data: { setting }, style: { "--engines": engines.length } },
    element("h3", {}, isolated(title), " ", element("small", {}, isolated(label), ", in ", element("b", {}, unit.unit))),
    element("div", { className: "scroll" }, table)));
}

/** The unit of all values of a matrix: that of their middle. @type {(tasks: number[], state: State) => Unit} */
function unitOfMatrix(tasks, state) {
  if (unitOf(state.metric) === "MiB") return { unit: "MiB", scale: 1 };
  const values = tasks.flatMap((task) => timed(task, state).map((cell) => cells[state.metric][cell])).sort((one, other) => one - other);
  return unitFor(values[values.length >> 1] ?? 1);
}

/** Sorts the queries by an engine's ratio, the worst first; a second click restores the order.
 * @type {(setting: number, engines: number[], state: State) => HTMLElement} */
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

/** @type {(tasks: number[], state: State) => number[]} */
function sorted(tasks, state) {
  const { sort } = state;
  if (sort === null) return tasks;
  const keys = new Map(tasks.map((task) => {
    const cell = cellOf(task, sort);
    return [task, cell === null ? -2 : ratioOf(cell, state) ?? -1];
  }));
  return [...tasks].sort((one, other) => (keys.get(other) ?? 0) - (keys.get(one) ?? 0));
}

/** @type {(body: HTMLElement) => void} */
function fillChunk(body) {
  const rows = chunks.get(body);
  chunks.delete(body);
  chunkObserver.unobserve(body);
  if (rows !== undefined) body.replaceChildren(...rows());
}

/** All rows, also for a printer. @type {() => void} */
export function fillAllChunks() {
  for (const body of [...chunks.keys()]) fillChunk(body);
}

/** @type {(task: number, engines: number[], state: State, unit: Unit) => HTMLElement} */
function matrixRow(task, engines, state, unit) {
  const { name, title } = queryOf(task);
  const standings = standingsOf(task, state);
  const columns = engines.map((engine) => {
    const cell = cellOf(task, engine);
    return cell === null ? element("td", { className: "none", title: "not asked" }, "·") : matrixCell(cell, standings, state, unit);
  });
  const titled = title === name ? null : element("small", {}, isolated(title));
  return element("tr", { data: { task } }, element("th", { scope: "row", title }, breakable(name), titled), ...columns);
}

/** @type {(cell: number, standings: Standings, state: State, unit: Unit) => HTMLElement} */
function matrixCell(cell, standings, state, { unit, scale }) {
  const value = valueOf(cell, state.metric);
  const data = { cell, key: `cell ${cell}` };
  if (value === null) {
    const text = outcomeOf(cell).name === "ok" ? "–" : outcomeOf(cell).text;
    return element("td", { className: "none" }, element("button", { type: "button", className: "outcome", data }, text));
  }
  const ratio = ratioOf(cell, state);
  const text = unit === "MiB" ? mebibytes(value) : value * scale >= 1000 ? grouped(value * scale) : significant(value * scale);
  const shown = markOf(cell, standings, state) + (ratio === null ? "" : times(ratio));
  return element("td", { className: cell === standings.best ? "heat best" : "heat", style: shadeOf(ratio) },
    element("button", { type: "button", data }, element("b", {}, text), element("small", {}, shown)));
}

/** Arrow keys move from cell to cell; Home and End to the ends of a row. @type {(event: KeyboardEvent) => void} */
export function moveInMatrix(event) {
  const here = /** @type {HTMLTableCellElement | null} */ (around(event, "table.cells td"));
  if (here === null || event.altKey || event.ctrlKey || event.metaKey) return;
  const row = /** @type {HTMLElement} */ (here.parentElement);
  const rows = all("tbody tr[data-task]", /** @type {HTMLElement} */ (here.closest("table")));
  const beside = (/** @type {number} */ step) => rows[rows.indexOf(row) + step]?.children[here.cellIndex];
  /** @type {Record<string, () => Element | null | undefined>} */
  const moves = {
    ArrowLeft: () => here.previousElementSibling, ArrowRight: () => here.nextElementSibling,
    ArrowUp: () => beside(-1), ArrowDown: () => beside(1),
    Home: () => row.children[1], End: () => row.lastElementChild,
  };
  const button = moves[event.key]?.()?.querySelector("button");
  if (!button) return;
  event.preventDefault();
  button.focus();
}
