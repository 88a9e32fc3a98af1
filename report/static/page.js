"use strict";
// Events -> the state, and the state -> the controls, the address and the page.

const controls = document.forms.controls;
const CHANGE_SIDES = ["before", "after"];
let state = null;

function fillControls() {
  for (const name of ["metric", "query", ...FILTERS]) controls.elements[name].value = state[name];
  controls.elements.baseline.value = state.baseline === null ? "" : page.engines[state.baseline].id;
  for (const name of CHANGE_SIDES) if (controls.elements[name]) controls.elements[name].value = textFromSide(state[name]);
  controls.elements.penalty.checked = state.penalty;
  for (const box of controls.querySelectorAll("[name=engine]")) box.checked = !state.off.has(Number(box.value));
}

function readControls() {
  for (const name of ["metric", "query", ...FILTERS]) state[name] = controls.elements[name].value;
  state.baseline = engineById(controls.elements.baseline.value);
  for (const name of CHANGE_SIDES) state[name] = sideFromText(controls.elements[name]?.value);
  state.penalty = controls.elements.penalty.checked;
  const off = [...controls.querySelectorAll("[name=engine]:not(:checked)")];
  state.off = new Set(off.map((box) => Number(box.value)));
}

function writeHash() {
  const hash = hashFromState(state);
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}

function changed() {
  fillControls();
  writeHash();
  show(state);
}

function become(next) {
  state = next;
  changed();
}

function listen() {
  controls.addEventListener("input", (event) => {
    if (event.target.name === "query") { readControls(); changed(); }
  });
  controls.addEventListener("change", (event) => {
    if (event.target.name !== "query") { readControls(); changed(); }
  });
  document.getElementById("changes")?.addEventListener("change", () => { readControls(); changed(); });
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("reset", (event) => {
    event.preventDefault();
    become(defaultState());
  });
  controls.elements.theme.addEventListener("click", () => {
    state.theme = isDark() ? "light" : "dark";
    writeHash();
    showTheme(state);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => showTheme(state));
  addEventListener("hashchange", () => become(stateFromHash(location.hash)));
  addEventListener("beforeprint", fillAllChunks);
  document.addEventListener("click", follow);
  document.addEventListener("keydown", moveInMatrix);
  watchTips(() => state);
}

/** Clicks on cells, headings and links inside the page; the address keeps the state alone. */
function follow(event) {
  const target = event.target.closest("[data-cell], [data-open], [data-sort], button[data-task], a[href^='#']");
  if (!target) return;
  const { cell, open, sort, task } = target.dataset;
  if (cell ?? open) openDetails(Number(cell ?? open), state);
  else if (sort) become({ ...state, sort: state.sort === Number(sort) ? null : Number(sort) });
  else if (task) openDetails(bestOf(Number(task), state) ?? cellsOf(Number(task), state)[0], state);
  else jump(event, target);
}

function jump(event, link) {
  event.preventDefault();
  const target = document.getElementById(link.getAttribute("href").slice(1));
  target?.scrollIntoView({ block: "start" });
  target?.focus({ preventScroll: true });
}

async function start() {
  await load();
  state = stateFromHash(location.hash);
  fillControls();
  show(state);
  listen();
  for (const figure of all("main [data-place] > [data-chart]")) watchFigure(figure);
  document.documentElement.dataset.ready = "";
  whenIdle(drawAhead);
}

start();
