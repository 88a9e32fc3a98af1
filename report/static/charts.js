"use strict";
// Rows for each kind of chart in charts.py, and drawing them when they come into sight.

const specs = JSON.parse(document.getElementById("specs").textContent);
const drawn = new Map();

const chartRows = { ranking: rankingRows, query: queryRows, scaling: scalingRows };

function rankingRows(figure, state) {
  const tasks = shownTasks(state);
  return ranked(tasks, state).filter((score) => score.mean !== null).map((score, place) => ({
    ...engineLook(score.engine), place,
    ratio: score.mean.value, low: score.mean.low ?? score.mean.value, high: score.mean.high ?? score.mean.value,
    reach: Math.max(score.mean.value, score.mean.high ?? 0),
    label: times(score.mean.value), note: `${score.ok} of ${score.asked}`,
  }));
}

function queryRows(figure, state) {
  const task = Number(figure.dataset.of);
  return cellsOf(task, state).flatMap((cell) => {
    const look = { ...engineLook(engineOf(cell)), place: engineOf(cell) };
    return valueOf(cell, state.metric) === null
      ? [missingRow(cell, look)] : [valueRow(task, cell, look, state), ...roundRows(cell, look, state)];
  });
}

function missingRow(cell, look) {
  const { outcome, reason } = page.cells[cell];
  const label = outcome === "ok" ? "not measured" : outcome === "oom" ? "out of memory" : outcome;
  return { ...look, kind: "missing", label, note: reason ?? "" };
}

function valueRow(task, cell, look, state) {
  const { unit } = metrics.get(state.metric);
  const [value, low, high] = estimateOf(cell, state.metric);
  const ratio = ratioOf(task, cell, state);
  const reach = Math.max(value, high ?? 0, ...roundsOf(cell, state.metric));
  const note = low == null ? "none: too few rounds or a single value"
    : `${amount(low, unit)}–${amount(high, unit)} ${unit}`;
  return {
    ...look, kind: "value", note, amount: scaled(value, unit), reach: scaled(reach, unit),
    low: scaled(low ?? value, unit), high: scaled(high ?? value, unit),
    label: `${amount(value, unit)} ${unit}${ratio === null ? "" : ` · ${times(ratio)}`}`,
  };
}

function roundRows(cell, look, state) {
  return roundsOf(cell, state.metric).map((value, index) => ({
    ...look, kind: "round", amount: value, jitter: (((index * 5) % 7) - 3) / 3, label: `${index + 1}: ${seconds(value)} s`,
  }));
}

function scalingRows(figure, state) {
  const { unit } = metrics.get(state.metric);
  const own = page.tasks[Number(figure.dataset.of)];
  const line = (setting) => ["machine", "workload", "input", "threads"].map((name) => page.settings[setting][name]).join("\n");
  const tasks = page.tasks.map((_, index) => index)
    .filter((task) => page.tasks[task].query === own.query && line(page.tasks[task].setting) === line(own.setting));
  return tasks.flatMap((task) => timed(task, state).map((cell) => ({
    ...engineLook(engineOf(cell)),
    size: page.settings[page.tasks[task].setting].size, place: page.tasks[task].setting,
    amount: scaled(valueOf(cell, state.metric), unit),
    label: `${amount(valueOf(cell, state.metric), unit)} ${unit}`,
  })));
}

function scaled(value, unit) {
  return unit === "MiB" ? value / 2 ** 20 : value;
}

function engineLook(engine) {
  const { label, light, dark } = page.engines[engine];
  return { engine: label, colour: isDark() ? dark : light };
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** A colour of the style sheet as the current theme has it. */
function colour(name) {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `var(--${name})`;
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function config() {
  const [ink, faint, rule] = [colour("ink"), colour("faint"), colour("rule")];
  const font = getComputedStyle(document.body).fontFamily;
  return {
    background: "transparent", font, padding: { left: 0, top: 0, right: 0, bottom: 6 }, view: { stroke: null },
    axis: {
      labelColor: ink, titleColor: faint, gridColor: rule, domainColor: rule, tickColor: rule,
      labelFontSize: 12, titleFontSize: 11, titleFontWeight: "normal",
    },
    axisX: { labelColor: faint, labelFontSize: 11 },
    text: { color: ink, fontSize: 12 }, rule: { color: ink }, circle: { fill: ink, stroke: colour("page"), strokeWidth: 0.5 },
  };
}

/** Draws a chart anew; `drawn` keeps its promise, so that a change meanwhile waits for it. */
function draw(figure, state) {
  const name = figure.dataset.chart;
  const rows = chartRows[name](figure, state);
  drawn.get(figure)?.then((previous) => previous?.finalize());
  drawn.set(figure, rows.length > 0 ? embed(figure, name, rows) : clear(figure));
  return drawn.get(figure);
}

function embed(figure, name, rows) {
  const spec = { ...specs[name], datasets: { [name]: rows } };
  if (spec.usermeta) {
    spec.height = heightOf(name, rows);
    spec.params = spec.params.map((param) => ({ ...param, value: longestOf(rows) }));
  }
  const tooltip = { theme: isDark() ? "dark" : "light" };
  return vegaEmbed(figure, spec, { ast: true, renderer: "svg", actions: false, config: config(), tooltip });
}

async function clear(figure) {
  figure.replaceChildren();
  return null;
}

/** Gives a drawn chart its rows for a new state. */
async function refresh(figure, state) {
  const name = figure.dataset.chart;
  const rows = chartRows[name](figure, state);
  const chart = await drawn.get(figure);
  if (chart === null || rows.length === 0) return draw(figure, state);
  if (specs[name].usermeta) chart.view.height(heightOf(name, rows)).signal("longest", longestOf(rows));
  return chart.view.data(name, rows).runAsync();
}

function heightOf(name, rows) {
  return specs[name].usermeta.step * new Set(rows.map((row) => row.engine)).size;
}

function longestOf(rows) {
  return Math.max(...rows.map((row) => row.reach ?? 0)) || 1;
}
