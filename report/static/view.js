"use strict";
// What the reader chose -> the summary, tables and notes of the page.

/** What is shown now; every part of the page is computed from it. */
let current = null;

function show(state) {
  const tasks = shownTasks(state);
  const analysis = analyse(tasks, state);
  current = { state, tasks, analysis, scores: ranked(tasks, state, analysis) };
  showTheme(state);
  showFindings(current);
  showRanking(current);
  showMatrices(tasks, state);
  showUntimed(tasks, state);
  showOverview(current);
  showQueries(tasks, state);
  showChanges(current);
  showNotes(current);
  refreshCharts();
}

function showTheme(state) {
  if (state.theme) document.documentElement.dataset.theme = state.theme;
  else delete document.documentElement.dataset.theme;
  document.forms.controls.elements.theme.textContent = isDark() ? "Light" : "Dark";
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function showFindings({ scores, tasks, state, analysis }) {
  document.querySelector("[data-overall]").textContent = overall(scores, tasks, state);
  for (const node of all(".findings [data-settings]")) {
    const settings = new Set(node.dataset.settings.split(" ").map(Number));
    const own = tasks.filter((task) => settings.has(cells.task_setting[task]));
    node.hidden = own.length === 0;
    if (node.hidden) continue;
    const ownScores = ranked(own, state, analysis);
    node.querySelector("[data-pick]").replaceChildren(...pick(ownScores));
    node.querySelector("[data-finding]").textContent = finding(own, ownScores, state, analysis);
  }
}

/** The best engine of some tasks: its name, how near to the best it stays, and its memory. */
function pick(scores) {
  const [best] = scores.filter((score) => score.mean !== null);
  if (best === undefined) return ["–"];
  const memory = best.peak > 0 ? `, at most ${amount(best.peak, "MiB")} MiB` : "";
  return [engineName(best.engine), element("small", {}, ` ${times(best.mean.value)} on average${memory}`)];
}

function showRanking({ scores }) {
  const rows = scores.map((score) => {
    const { mean } = score;
    const spread = mean?.low == null ? null
      : element("small", {}, `${plain(mean.low)}–${plain(mean.high)}`);
    return element("tr", { data: { engine: score.engine } },
      element("th", { scope: "row" }, engineName(score.engine)),
      element("td", { className: "number" }, element("b", {}, mean === null ? "–" : times(mean.value)), spread === null ? null : " ", spread),
      element("td", { className: "number" }, String(score.wins + score.ties)),
      element("td", { className: "number" }, String(score.unclear)),
      element("td", { className: "number" }, `${score.ok} of ${score.asked}`),
      element("td", { className: "number" }, score.peak > 0 ? amount(score.peak, "MiB") : "–"));
  });
  document.querySelector("table.ranking tbody").replaceChildren(...rows);
}

const MOST_UNTIMED = 200;

/** Equal outcomes of a query and an engine in several settings share a line. */
function showUntimed(tasks, state) {
  const missing = tasks.flatMap((task) => cellsOf(task, state)).filter((cell) => outcomeOf(cell).name !== "ok");
  const same = (cell) => [cells.task_query[cells.task[cell]], cells.engine[cell], cells.outcome[cell], cells.reason[cell]].join();
  const lines = [...Map.groupBy(missing, same).values()];
  document.querySelector("[data-untimed]").textContent = String(missing.length)
    + (lines.length > MOST_UNTIMED ? `; the first ${MOST_UNTIMED} reasons of ${lines.length}, the download has all` : "");
  document.getElementById("untimed").hidden = missing.length === 0;
  document.querySelector("table.untimed tbody").replaceChildren(...lines.slice(0, MOST_UNTIMED).map(untimedRow));
}

function untimedRow(own) {
  const [cell] = own;
  const task = cells.task[cell];
  const settings = own.length <= 2 ? own.map((each) => settingOf(cells.task[each]).label).join("; ") : `${own.length} settings`;
  return element("tr", {},
    element("th", { scope: "row" }, isolated(settingOf(task).workload), " ", breakable(queryOf(task).name)),
    element("td", { className: "setting" }, isolated(settings)),
    element("td", { className: "who" }, engineName(engineOf(cell))),
    element("td", {}, element("span", { className: "outcome" }, outcomeOf(cell).text)),
    element("td", { className: "reason" }, isolated(reasonOf(cell))));
}

/** Charts that this view can give no rows are left out, and named with what they need. */
function showOverview(current) {
  const absent = [];
  for (const place of all(".overview [data-place]")) {
    place.hidden = !(chartNeeds[place.dataset.place]?.(current) ?? current.tasks.length > 0);
    if (place.hidden) absent.push(`${place.querySelector("h3").textContent} (needs ${place.dataset.needs})`);
  }
  document.querySelector("[data-absent]").textContent = absent.length > 0 ? `Not drawn: ${absent.join("; ")}.` : "";
}

function showNotes({ state, tasks }) {
  const metric = metrics.get(state.metric);
  const unit = metric.unit === "s" ? "seconds" : "MiB";
  const to = state.baseline === null ? "the best of each query" : labelOf(state.baseline);
  const name = metric.label[0].toLowerCase() + metric.label.slice(1);
  document.querySelector("[data-unit]").textContent = `${name} in ${unit}, and the ratio to ${to}`;
  document.querySelector("[data-tie-note]").textContent =
    `≈ ties with ${state.baseline === null ? "the best" : to}: the 95% interval of the ratio covers 1 and is within ${(100 * page.tie_margin).toFixed(0)}% of it; `
    + "? cannot be told apart yet: it covers 1 and is wider, or there is none";
  document.querySelector("[data-metric-note]").textContent = `Less is better. Shown is ${metric.explanation}.`;
  document.querySelector("[data-penalty-note]").textContent = state.penalty
    ? "A cell without a value counts as 2× the worst value of its query."
    : "A cell without a value is left out: means may be over different queries.";
  const few = sampled(tasks).length < tasks.length;
  document.querySelector("[data-sample-note]").textContent =
    few ? `Points and means of the charts below are those of ${sampled(tasks).length} of the ${tasks.length} queries.` : "";
}
