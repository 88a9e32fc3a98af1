"use strict";
// Drawing charts: when they come into sight, and anew when what they show has changed.

const specs = JSON.parse(document.getElementById("specs").textContent);
const drawn = new Map();
const stale = new Set();
const inSight = new Set();
const MOST_DRAWN_AHEAD = 80;
const ERRORS = 1; // Vega also warns of each layer that has no rows, as many here have at times.

const figureObserver = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    isIntersecting ? inSight.add(target) : inSight.delete(target);
    if (isIntersecting) bringUpToDate(target);
  }
}, { rootMargin: "300px" });

/** A chart's place from now on; it is drawn when it is seen. */
function watchFigure(figure) {
  stale.add(figure);
  figureObserver.observe(figure);
}

/** A figure that has left the page. */
function forget(figure) {
  drawn.get(figure)?.then((chart) => chart?.finalize());
  for (const kept of [drawn, stale, inSight]) kept.delete(figure);
  figureObserver.unobserve(figure);
}

function bringUpToDate(figure) {
  return stale.delete(figure) ? draw(figure, current.state) : null;
}

/** Marks every chart as to be drawn again; those in sight at once, the others later. */
function refreshCharts() {
  for (const figure of drawn.keys()) stale.add(figure);
  for (const figure of inSight) bringUpToDate(figure);
  if (!drawingAhead) whenIdle(drawAhead);
}

let drawingAhead = false;

/** The others when the browser has nothing to do, so that they are there for printing. */
function drawAhead() {
  const wanted = (figure) => figure.clientWidth > 0 && (drawn.has(figure) || drawn.size < MOST_DRAWN_AHEAD);
  const next = [...stale].find(wanted);
  drawingAhead = next !== undefined;
  if (drawingAhead) bringUpToDate(next).then(() => whenIdle(drawAhead));
}

function whenIdle(task) {
  window.requestIdleCallback ? requestIdleCallback(task, { timeout: 300 }) : setTimeout(task, 50);
}

/** Draws a chart or gives it new rows; `drawn` keeps its promise, so that a change waits for it. */
function draw(figure, state) {
  const name = figure.dataset.chart;
  const rows = chartRows[name](figure, state, current);
  const place = figure.closest("[data-place]");
  if (place) place.hidden = rows.length === 0;
  const before = drawn.get(figure) ?? Promise.resolve(null);
  const next = before.then((chart) => {
    if (rows.length === 0) return clear(figure, chart);
    return chart === null ? embed(figure, name, rows) : refill(chart, name, rows);
  });
  drawn.set(figure, next);
  return next;
}

function embed(figure, name, rows) {
  const spec = { ...specs[name], datasets: { [name]: rows } };
  if (spec.usermeta) spec.height = heightOf(name, rows);
  if (spec.params) spec.params = spec.params.map((param) => ({ ...param, value: longestOf(rows) }));
  return vegaEmbed(figure, spec, {
    ast: true, renderer: "svg", actions: false, config: CONFIG, tooltip: { theme: "custom" }, logLevel: ERRORS,
  });
}

function clear(figure, chart) {
  chart?.finalize();
  figure.replaceChildren();
  return null;
}

async function refill(chart, name, rows) {
  if (specs[name].usermeta) chart.view.height(heightOf(name, rows));
  if (specs[name].params) chart.view.signal("longest", longestOf(rows));
  await chart.view.data(name, rows).runAsync();
  return chart;
}

function heightOf(name, rows) {
  const { step, lines = "engine" } = specs[name].usermeta;
  return step * new Set(rows.map((row) => row[lines])).size;
}

function longestOf(rows) {
  return rows.reduce((most, row) => Math.max(most, row.reach ?? 0), 0) || 1;
}

// Colours are the style sheet's own names, so that charts follow the theme, and paper, by themselves.
const CONFIG = {
  background: "transparent", font: "system-ui, sans-serif", padding: { left: 0, top: 4, right: 0, bottom: 6 },
  view: { stroke: null },
  axis: {
    labelColor: "var(--ink)", titleColor: "var(--faint)", gridColor: "var(--rule)", domainColor: "var(--rule)",
    tickColor: "var(--rule)", labelFontSize: 12, titleFontSize: 11, titleFontWeight: "normal",
  },
  legend: { labelColor: "var(--ink)", titleColor: "var(--faint)" },
  axisX: { labelColor: "var(--faint)", labelFontSize: 11 }, axisY: { titleColor: "var(--faint)" },
  text: { color: "var(--ink)", fontSize: 12 }, rule: { color: "var(--ink)" },
  circle: { fill: "var(--ink)", stroke: "var(--page)", strokeWidth: 0.5 },
};
