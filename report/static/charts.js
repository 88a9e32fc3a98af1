// Drawing charts: when they come into sight, and anew when what they show has changed.
import { unitOf } from "./data.js";
import { one } from "./elements.js";
import { chartRows } from "./rows.js";

/** Vega's configuration, and the charts' specifications by name. @type {{ config: object, charts: Record<string, Spec> }} */
const specs = JSON.parse(one("#specs").textContent);
/** What is shown now. @type {View} */
export let current;
/** The promise of each figure's chart, so that a change waits for it. @type {Map<HTMLElement, Promise<Chart | null>>} */
const drawn = new Map();
/** @type {Set<HTMLElement>} */
const stale = new Set();
/** @type {Set<HTMLElement>} */
const inSight = new Set();
let drawingAhead = false;
const MOST_DRAWN_AHEAD = 80;
/** Pixels for the names of engines without a value. */
const MISSING_ROOM = 110;
/** Pixels of a label beside an axis, where its chart is wide. */
const LONGEST_LABEL = 260;
const ERRORS = 1; // Vega also warns of each layer that has no rows, as many here have at times.

const figureObserver = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    const figure = /** @type {HTMLElement} */ (target);
    inSight[isIntersecting ? "add" : "delete"](figure);
    if (isIntersecting) bringUpToDate(figure);
  }
}, { rootMargin: "300px" });

/** Gives charts a place; each is drawn when it is seen. @type {(figures: HTMLElement[]) => void} */
export function watchFigures(figures) {
  for (const figure of figures) {
    stale.add(figure);
    figureObserver.observe(figure);
  }
}

/** Forgets figures that have left the page. @type {(figures: HTMLElement[]) => void} */
export function forgetFigures(figures) {
  for (const figure of figures) {
    drawn.get(figure)?.then((chart) => chart?.finalize());
    for (const known of [drawn, stale, inSight]) known.delete(figure);
    figureObserver.unobserve(figure);
  }
}

/** @type {(figure: HTMLElement) => Promise<Chart | null>} */
const bringUpToDate = (figure) => stale.delete(figure) ? draw(figure) : Promise.resolve(null);

/** From now on another view is shown. @type {(view: View) => void} */
export function setView(view) {
  current = view;
}

/** Marks every chart as to be drawn again; those in sight at once, the others later. @type {() => void} */
export function refreshCharts() {
  for (const figure of drawn.keys()) stale.add(figure);
  for (const figure of inSight) bringUpToDate(figure);
  if (!drawingAhead) whenIdle(drawAhead);
}

/** The others when the browser has nothing to do, so that they are there for printing. @type {() => void} */
export function drawAhead() {
  const next = [...stale].find((figure) => figure.clientWidth > 0 && (drawn.has(figure) || drawn.size < MOST_DRAWN_AHEAD));
  drawingAhead = next !== undefined;
  if (next !== undefined) bringUpToDate(next).then(() => whenIdle(drawAhead));
}

/** @type {(task: () => void) => void} */
export function whenIdle(task) {
  requestIdleCallback(task, { timeout: 300 });
}

/** A chart's rows in the current view, worked out once. @type {(name: string, of?: string) => Row[]} */
export function rowsNow(name, of = "") {
  const key = `${name} ${of}`;
  const rows = current.rows.get(key) ?? chartRows[name](Number(of), current);
  current.rows.set(key, rows);
  return rows;
}

/** Draws a chart or gives it new rows. @type {(figure: HTMLElement) => Promise<Chart | null>} */
export function draw(figure) {
  const { chart: name = "", of } = figure.dataset;
  const rows = rowsNow(name, of);
  const place = /** @type {HTMLElement | null} */ (figure.closest("[data-place]"));
  if (place) place.hidden = rows.length === 0;
  const next = (drawn.get(figure) ?? Promise.resolve(null)).then((chart) => {
    if (rows.length === 0) return clear(figure, chart);
    return (chart === null ? embed(figure, name, rows) : refill(chart, name, rows)).then((filled) => holdHeight(figure, filled));
  });
  drawn.set(figure, next);
  return next;
}

/** Keeps a chart's height while it is out of sight, where the browser leaves its marks out. @type {(figure: HTMLElement, chart: Chart) => Chart} */
function holdHeight(figure, chart) {
  figure.style.minHeight = `${figure.querySelector("svg")?.getAttribute("height") ?? 0}px`;
  return chart;
}

/** @type {(figure: HTMLElement, name: string, rows: Row[]) => Promise<Chart>} */
function embed(figure, name, rows) {
  /** @type {Spec} */
  const spec = { ...specs.charts[name], datasets: { [name]: rows } };
  if (spec.usermeta) spec.height = heightOf(spec, rows);
  spec.params = spec.params?.map((param) => ({ ...param, value: PARAMETERS[param.name](rows) }));
  const axisY = { labelLimit: Math.min(LONGEST_LABEL, 0.4 * figure.clientWidth) };
  return vegaEmbed(figure, spec, {
    ast: true, renderer: "svg", actions: false, config: { ...specs.config, axisY }, tooltip: { theme: "custom" }, logLevel: ERRORS,
  }).then((chart) => {
    chart.view.addEventListener("click", (/** @type {Event} */ _, /** @type {{ datum?: Row } | null} */ item) => openOf(figure, item?.datum));
    return chart;
  });
}

/** A click on a mark that stands for a cell opens that. @type {(figure: HTMLElement, row: Row | undefined) => void} */
function openOf(figure, row) {
  if (row?.cell !== undefined) figure.dispatchEvent(new CustomEvent("opencell", { bubbles: true, detail: row }));
}

/** A figure's chart, drawn as far as it is not yet. @type {(figure: HTMLElement) => Promise<Chart | null>} */
export async function chartOf(figure) {
  await bringUpToDate(figure);
  return drawn.get(figure) ?? draw(figure);
}

/** @type {(figure: HTMLElement, chart: Chart | null) => null} */
function clear(figure, chart) {
  chart?.finalize();
  figure.replaceChildren();
  figure.style.minHeight = "";
  return null;
}

/** @type {(chart: Chart, name: string, rows: Row[]) => Promise<Chart>} */
async function refill(chart, name, rows) {
  const spec = specs.charts[name];
  if (spec.usermeta) chart.view.height(heightOf(spec, rows));
  for (const { name: own } of spec.params ?? []) chart.view.signal(own, PARAMETERS[own](rows));
  await chart.view.data(name, rows).runAsync();
  return chart;
}

/** Pixels of a chart that is as high as its bars. @type {(spec: Spec, rows: Row[]) => number} */
function heightOf({ usermeta: { step, lines = "engine" } = { step: 0 } }, rows) {
  return step * new Set(rows.map((row) => row[lines])).size;
}

/** @type {(rows: Row[]) => number} */
const longestOf = (rows) => rows.reduce((most, row) => Math.max(most, row.reach ?? 0), 0) || 1;

/** What the page sets in a chart. @type {Record<string, (rows: Row[]) => unknown>} */
const PARAMETERS = {
  lines: (rows) => 1 + Math.max(-1, ...rows.map(({ line }) => line ?? -1)), longest: longestOf, unit: () => unitOf(current.state.metric), room: (rows) => (rows.some(({ kind }) => kind === "missing") ? MISSING_ROOM : 0),
};
