"use strict";
// Events -> the state, and the state -> the controls, the address and the page.

const controls = document.forms.controls;
let state = stateFromHash(location.hash);

function fillControls() {
  for (const name of ["metric", ...FILTERS]) controls.elements[name].value = state[name];
  controls.elements.baseline.value = state.baseline === null ? "" : page.engines[state.baseline].id;
  controls.elements.penalty.checked = state.penalty;
  for (const box of controls.querySelectorAll("[name=engine]")) box.checked = !state.off.has(Number(box.value));
}

function readControls() {
  for (const name of ["metric", ...FILTERS]) state[name] = controls.elements[name].value;
  state.baseline = engineById(controls.elements.baseline.value);
  state.penalty = controls.elements.penalty.checked;
  const off = [...controls.querySelectorAll("[name=engine]:not(:checked)")];
  state.off = new Set(off.map((box) => Number(box.value)));
}

function writeHash() {
  const hash = hashFromState(state);
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}

function changed({ restyle = false } = {}) {
  fillControls();
  writeHash();
  show(state);
  for (const figure of drawn.keys()) (restyle ? draw : refresh)(figure, state);
}

controls.addEventListener("change", () => { readControls(); changed(); });
controls.addEventListener("submit", (event) => event.preventDefault());
controls.addEventListener("reset", (event) => {
  event.preventDefault();
  state = defaultState();
  changed({ restyle: true });
});
controls.elements.theme.addEventListener("click", () => {
  state.theme = isDark() ? "light" : "dark";
  changed({ restyle: true });
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => changed({ restyle: true }));
addEventListener("hashchange", () => {
  state = stateFromHash(location.hash);
  changed({ restyle: true });
});

/** Links inside the page move to their target and leave the state in the address alone. */
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (!link) return;
  event.preventDefault();
  const target = document.getElementById(link.getAttribute("href").slice(1));
  target.scrollIntoView({ block: "start" });
  target.focus({ preventScroll: true });
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const code = button.closest(".program").querySelector("pre code");
  button.textContent = (await copy(code)) ? "Copied" : "Press Ctrl+C";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
});

/** Where the clipboard is closed to pages, the text is selected for the reader to copy. */
async function copy(node) {
  try {
    await navigator.clipboard.writeText(node.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(node);
    return false;
  }
}

document.querySelector("[name=json]").addEventListener("click", () =>
  download("results.json", "application/json", JSON.stringify(records())));
document.querySelector("[name=csv]").addEventListener("click", () =>
  download("results.csv", "text/csv", csv(records().flatMap(roundRecords))));

/** One record for each cell in view of the page, whatever the reader has filtered. */
function records() {
  return page.cells.map(({ task, engine, estimates, ...cell }) => {
    const { title, label, ...setting } = page.settings[page.tasks[task].setting];
    const { name, version } = page.engines[engine];
    return { ...setting, query: page.tasks[task].query, engine: name, engine_version: version, ...cell };
  });
}

/** One line for each round; one without a round for a cell without a time. */
function roundRecords({ seconds: rounds = [], cpu_seconds: cpu = [], ...cell }) {
  const lines = rounds.length > 0 ? rounds : [null];
  return lines.map((value, index) => ({
    ...cell, round: value === null ? null : index + 1, seconds: value, cpu_seconds: cpu[index] ?? null,
  }));
}

function csv(lines) {
  const columns = [...new Set(lines.flatMap(Object.keys))];
  const quoted = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
  return [columns, ...lines.map((line) => columns.map((column) => line[column]))]
    .map((row) => row.map(quoted).join(",")).join("\r\n");
}

function download(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// Charts are drawn when they come near the window; the rest when the browser has nothing to do,
// so that they are there for printing.
const figures = [...document.querySelectorAll("[data-chart]")];
const waiting = new Set(figures);
const observer = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) drawOnce(entry.target);
}, { rootMargin: "400px" });

function drawOnce(figure) {
  if (!waiting.delete(figure)) return Promise.resolve();
  observer.unobserve(figure);
  return draw(figure, state);
}

const whenIdle = window.requestIdleCallback ?? ((task) => setTimeout(task, 50));

function drawTheRest() {
  const next = [...waiting].find((figure) => figure.clientWidth > 0);
  if (next) drawOnce(next).then(() => whenIdle(drawTheRest));
}

fillControls();
show(state);
for (const figure of figures) observer.observe(figure);
addEventListener("load", () => whenIdle(drawTheRest));
