// Starts the page: events change the state; controls, address and page follow from it.
import { install, page } from "./data.js";
import { all, around, one } from "./elements.js";
import { numbersOf } from "./blocks.js";
import { drawAhead, watchFigures, whenIdle } from "./charts.js";
import { openDetails } from "./details.js";
import { fillAllChunks, moveInMatrix } from "./matrix.js";
import { FILTERS } from "./model.js";
import { SIDES, defaultState, engineById, hashFromState, sideFromText, stateFromHash, textFromSide } from "./state.js";
import { hideTip, watchTips } from "./tips.js";
import { isDark, show, showTheme } from "./view.js";
import { watchScrolling } from "./scrolling.js";
import { withTools } from "./saving.js";
import "./records.js";

const controls = /** @type {HTMLFormElement} */ (one("#controls"));
/** @type {State} */
let state;

/** @type {(name: string) => any} */
const control = (name) => controls.elements.namedItem(name);
const engineBoxes = () => /** @type {HTMLInputElement[]} */ (all("[name=engine]", controls));

/** @type {() => void} */
function fillControls() {
  control("metric").value = state.metric;
  control("query").value = state.query;
  for (const name of FILTERS) control(name).value = state[name];
  control("baseline").value = state.baseline === null ? "" : page.engines[state.baseline].id;
  for (const name of SIDES) if (control(name)) control(name).value = textFromSide(state[name]);
  control("penalty").checked = state.penalty;
  for (const box of engineBoxes()) box.checked = !state.off.has(Number(box.value));
}

/** @type {() => void} */
function readControls() {
  state.metric = control("metric").value;
  state.query = control("query").value;
  for (const name of FILTERS) state[name] = control(name).value;
  state.baseline = engineById(control("baseline").value);
  for (const name of SIDES) state[name] = sideFromText(control(name)?.value);
  state.open = null;
  state.penalty = control("penalty").checked;
  state.off = new Set(engineBoxes().filter((box) => !box.checked).map((box) => Number(box.value)));
  become(state);
}

/** @type {() => void} */
function writeHash() {
  const hash = hashFromState(state);
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}

/** @type {(next: State) => void} */
function become(next) {
  state = next;
  fillControls();
  writeHash();
  show(state);
}

/** @type {() => void} */
function listen() {
  const isQuery = (/** @type {Event} */ event) => around(event, "[name=query]") !== null;
  controls.addEventListener("input", (event) => { if (isQuery(event)) readControls(); });
  controls.addEventListener("change", (event) => { if (!isQuery(event)) readControls(); });
  document.getElementById("changes")?.addEventListener("change", readControls);
  document.getElementById("pair")?.addEventListener("change", () => (
    become({ ...state, from: engineById(control("from").value), to: engineById(control("to").value) })));
  one("[name=clear]").addEventListener("click", () => become(defaultState()));
  document.addEventListener("opencell", (event) => {
    const { cell, other } = /** @type {CustomEvent<{ cell: number, other?: number }>} */ (event).detail;
    openCell(cell, other);
  });
  one("#details").addEventListener("close", () => {
    state.open = null;
    writeHash();
  });
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("reset", (event) => {
    event.preventDefault();
    become(defaultState());
  });
  control("theme").addEventListener("click", () => {
    state.theme = isDark() ? "light" : "dark";
    writeHash();
    showTheme(state);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => showTheme(state));
  addEventListener("hashchange", () => {
    become(stateFromHash(location.hash));
    if (state.open !== null) openCell(state.open);
  });
  addEventListener("beforeprint", fillAllChunks);
  document.addEventListener("click", follow);
  document.addEventListener("keydown", moveInMatrix);
  watchTips();
}

/** Clicks on cells, headings and links inside the page; the address keeps the state alone. @type {(event: Event) => void} */
function follow(event) {
  const target = around(event, "[data-cell], [data-open], [data-sort], a[href^='#']");
  if (target === null) return;
  const { cell, open = cell, sort } = target.dataset;
  if (open) openCell(Number(open));
  else if (sort) become({ ...state, sort: state.sort === Number(sort) ? null : Number(sort) });
  else jump(event, target);
}

/** @type {(cell: number, other?: number) => void} */
function openCell(cell, other) {
  hideTip();
  state.open = cell;
  writeHash();
  openDetails(cell, other);
}

/** @type {(event: Event, link: HTMLElement) => void} */
function jump(event, link) {
  event.preventDefault();
  const target = document.getElementById(link.getAttribute("href")?.slice(1) ?? "");
  target?.scrollIntoView({ block: "start" });
  target?.focus({ preventScroll: true });
}

async function start() {
  const [cells, rounds, older] = await Promise.all(["cells", "rounds", "older"].map(numbersOf));
  install(JSON.parse(one("#outline").textContent), { cells, rounds, older });
  state = stateFromHash(location.hash);
  fillControls();
  show(state);
  listen();
  all("main figure[data-place], main figure[data-picture]").filter((figure) => !figure.classList.contains("tooled")).forEach(withTools);
  watchFigures(all("main [data-place] > [data-chart]"));
  watchScrolling();
  if (state.open !== null) openCell(state.open);
  document.documentElement.dataset.ready = "";
  whenIdle(drawAhead);
}

start();
