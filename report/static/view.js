// Shows the summary, tables and notes of the page for the reader's choices.
import { cells, engineOf, labelOf, metrics, outcomeOf, queryOf, reasonOf, settingOf, taskOf } from "./data.js";
import { all, breakable, element, engineName, isolated, numberCell, one, say } from "./elements.js";
import { cellsOf, ranked, viewOf } from "./model.js";
import { sampled } from "./rows_of_engines.js";
import { forgetFigures, refreshCharts, rowsNow, setView, watchFigures, whenIdle, current } from "./charts.js";
import { changesInWords, changesOf } from "./changes.js";
import { MOST_CHANGED } from "./rows.js";
import { showMatrices } from "./matrix.js";
import { showQueries } from "./queries.js";
import { amount, finding, overall, plain, times } from "./wording.js";

const MOST_UNTIMED = 200;
const MOST_JUDGED_AT_ONCE = 2000;

/** @type {(state: State) => void} */
export function show(state) {
  const view = viewOf(state);
  setView(view);
  showTheme(state);
  showFindings(view);
  showRanking(view);
  showMatrices(view.tasks, state);
  showUntimed(view.tasks, state);
  showOverview();
  showQueries(view);
  showChanges(view);
  showNotes(view);
  refreshCharts();
}

/** @type {(state: State) => void} */
export function showTheme({ theme }) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  one("[name=theme]").textContent = isDark() ? "Light" : "Dark";
}

/** @type {() => boolean} */
export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** @type {(view: View) => void} */
function showFindings(view) {
  const { tasks, state, analysis } = view;
  say("overall", overall(view));
  for (const node of all(".findings [data-settings]")) {
    const settings = new Set(node.dataset.settings?.split(" ").map(Number));
    const own = tasks.filter((task) => settings.has(cells.task_setting[task]));
    node.hidden = own.length === 0;
    if (node.hidden) continue;
    const scores = ranked(own, state, analysis);
    one("[data-pick]", node).replaceChildren(...pick(scores));
    one("[data-finding]", node).textContent = finding(own, scores, state, analysis.open);
  }
}

/** The best engine of some tasks: its name, how near to the best it stays, and its memory. @type {(scores: Score[]) => (Node | string)[]} */
function pick([best]) {
  if (best === undefined || best.mean === null) return ["–"];
  const memory = best.peak > 0 ? `, at most ${amount(best.peak, "MiB")} MiB` : "";
  return [engineName(best.engine), element("small", {}, ` ${times(best.mean.value)} on average${memory}`)];
}

/** @type {(view: View) => void} */
function showRanking({ scores }) {
  one("table.ranking tbody").replaceChildren(...scores.map(({ engine, mean, wins, ties, unclear, ok, total, peak }) => {
    const spread = mean?.interval ? [" ", element("small", {}, mean.interval.map(plain).join("–"))] : [];
    return element("tr", { data: { engine } },
      element("th", { scope: "row" }, engineName(engine)),
      numberCell(element("b", {}, mean === null ? "–" : times(mean.value)), ...spread),
      numberCell(String(wins + ties)), numberCell(String(unclear)), numberCell(`${ok} of ${total}`),
      numberCell(peak > 0 ? amount(peak, "MiB") : "–"));
  }));
}

/** Equal outcomes of a query and an engine in several settings share a line. @type {(tasks: number[], state: State) => void} */
function showUntimed(tasks, state) {
  const missing = tasks.flatMap((task) => cellsOf(task, state)).filter((cell) => outcomeOf(cell).name !== "ok");
  const same = (/** @type {number} */ cell) => [cells.task_query[taskOf(cell)], engineOf(cell), cells.outcome[cell], cells.reason[cell]].join();
  const lines = [...Map.groupBy(missing, same).values()];
  const rest = lines.length > MOST_UNTIMED ? `; the first ${MOST_UNTIMED} reasons of ${lines.length}, the download has all` : "";
  say("untimed", missing.length + rest);
  one("#untimed").hidden = missing.length === 0;
  one("table.untimed tbody").replaceChildren(...lines.slice(0, MOST_UNTIMED).map(untimedRow));
}

/** @type {(own: number[]) => HTMLElement} */
function untimedRow(own) {
  const [cell] = own;
  const task = taskOf(cell);
  const settings = own.length <= 2 ? own.map((each) => settingOf(taskOf(each)).label).join("; ") : `${own.length} settings`;
  return element("tr", {},
    element("th", { scope: "row" }, isolated(settingOf(task).workload), " ", breakable(queryOf(task).name)),
    element("td", { className: "setting" }, isolated(settings)),
    element("td", { className: "who" }, engineName(engineOf(cell))),
    element("td", {}, element("span", { className: "outcome" }, outcomeOf(cell).text)),
    element("td", { className: "reason" }, isolated(reasonOf(cell))));
}

/** Charts that have no rows are left out, and named with what they need. @type {() => void} */
function showOverview() {
  for (const place of all(".overview [data-place]")) place.hidden = rowsNow(place.dataset.place ?? "").length === 0;
  const absent = all(".overview [data-place][hidden]").map((place) => `${one("h3", place).textContent} (needs ${place.dataset.needs})`);
  say("absent", absent.length > 0 ? `Not drawn: ${absent.join("; ")}.` : "");
}

/** Many tasks are judged when the browser has nothing else to do. @type {(view: View) => void} */
function showChanges(view) {
  if (document.getElementById("changes") === null) return;
  if (view.tasks.length <= MOST_JUDGED_AT_ONCE) fillChanges(view);
  else whenIdle(() => { if (view === current) fillChanges(view); });
}

/** @type {(view: View) => void} */
function fillChanges(view) {
  const place = one("#changes .changes");
  say("changes", changesInWords(view));
  const settings = [...changesOf(view).keys()];
  if (place.dataset.settings !== settings.join()) {
    forgetFigures(all("[data-chart]", place));
    place.dataset.settings = settings.join();
    place.replaceChildren(...settings.map(changesFigure));
    watchFigures(all("[data-chart]", place));
  }
  for (const [setting, changes] of changesOf(view)) {
    const found = new Set(changes.map(({ task }) => task)).size;
    one(`[data-few="${setting}"]`, place).textContent = found > MOST_CHANGED ? `the ${MOST_CHANGED} of ${found} queries that changed most` : "";
  }
}

/** @type {(setting: number) => HTMLElement} */
function changesFigure(setting) {
  const { title, label } = settingOf(cells.task_setting.indexOf(setting));
  return element("figure", {},
    element("figcaption", {}, isolated(title), " ", element("small", {}, isolated(label), " ", element("span", { data: { few: setting } }))),
    element("div", { className: "chart", data: { chart: "changes", of: setting }, role: "group", ariaLabel: `What changed: ${title}, ${label}` }));
}

/** @type {(view: View) => void} */
function showNotes({ state, tasks }) {
  const { label = "", unit, explanation } = metrics.get(state.metric) ?? {};
  const to = state.baseline === null ? null : labelOf(state.baseline);
  say("unit", `${label[0].toLowerCase()}${label.slice(1)} in ${unit === "s" ? "seconds" : "MiB"}, and the ratio to ${to ?? "the best of each query"}`);
  all("[data-baseline]").forEach((node) => { node.textContent = to ?? "the best"; });
  say("metric-note", `Less is better. Shown is ${explanation}.`);
  say("penalty-note", state.penalty ? "A cell without a value counts as 2× the worst value of its query."
    : "A cell without a value is left out: means may be over different queries.");
  const few = sampled(tasks).length;
  say("sample-note", few < tasks.length ? `Points and means of the charts below are those of ${few} of the ${tasks.length} queries.` : "");
}
