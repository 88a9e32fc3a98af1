// Shows the summary, tables and notes of the page for the reader's choices.
import { cells, engineOf, labelOf, metrics, outcomeOf, queryOf, reasonOf, settingOf, taskOf } from "./data.js";
import { all, breakable, element, engineName, isolated, numberCell, one, say } from "./elements.js";
import { commonOf, kindsOf, meansOf, shadeOf } from "./kinds.js";
import { FILTERS, cellsOf, viewOf } from "./model.js";
import { sampled } from "./rows_of_engines.js";
import { forgetFigures, refreshCharts, rowsNow, setView, watchFigures, whenIdle, current } from "./charts.js";
import { changesInWords, changesOf } from "./changes.js";
import { MOST_CHANGED } from "./rows.js";
import { showMatrices } from "./matrix.js";
import { showPair, showQueries } from "./queries.js";
import { pickInWords, pickOf } from "./verdicts.js";
import { count, mebibytes, overall, plain, queries, times } from "./wording.js";

const MOST_UNTIMED = 200;
const MOST_TASKS_AT_ONCE = 2000;
/** With more, the browser leaves out what is not in sight, also from a picture of the whole page. */
const MOST_TASKS_LAID_OUT = 400;

/** @type {(state: State) => void} */
export function show(state) {
  const view = viewOf(state);
  setView(view);
  document.body.classList.toggle("many", view.tasks.length > MOST_TASKS_LAID_OUT);
  showTheme(state);
  showEmpty(view);
  showFindings(view);
  showRanking(view);
  showMatrices(view.tasks, state);
  showUntimed(view.tasks, state);
  soon(view, cells.task_setting.length, showOverview);
  showQueries(view);
  showPair(view);
  if (document.getElementById("changes") !== null) soon(view, view.tasks.length, fillChanges);
  showNotes(view);
  refreshCharts();
}

/** Says so where the choices leave no query; the sections are then hidden. @type {(view: View) => void} */
function showEmpty({ tasks, state }) {
  document.body.classList.toggle("empty", tasks.length === 0);
  one("#empty").hidden = tasks.length > 0;
  const chosen = [...FILTERS, /** @type {"query"} */ ("query")].filter((name) => state[name] !== "").map((name) => `${name} ${state[name]}`);
  say("empty", [...chosen, ...(state.off.size > 0 ? [`${count(state.off.size, "engine")} switched off`] : [])].join(", "));
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
  say("overall", overall(view));
  const kinds = kindsOf(view);
  const { common, rest } = commonOf(kinds);
  say("where", common);
  showStatus(view);
  showKinds(view, kinds, rest);
  one("dl.findings").replaceChildren(...kinds.map((kind) => verdictOfKind(kind, rest(kind.label), view)));
}

/** How many answers are right, and of how many queries the best is not known yet. @type {(view: View) => void} */
function showStatus({ tasks, state, analysis }) {
  const names = tasks.flatMap((task) => cellsOf(task, state)).map((cell) => outcomeOf(cell).name);
  const [ok, wrong] = ["ok", "wrong"].map((outcome) => names.filter((name) => name === outcome).length);
  const none = names.length - ok - wrong;
  say("answers", `${wrong > 0 ? "✗" : "✓"} ${ok} of ${ok + wrong} answers equal the reference${none > 0 ? `; ${count(none, "cell")} without one` : ""}`);
  one("[data-answers]").classList.toggle("bad", wrong > 0);
  const open = tasks.filter((task) => analysis.open.has(task)).length;
  say("open", open === 0 ? "✓ the best of every query is told apart from the others" : `? on ${open} of ${queries(tasks.length)} the best cannot be told apart yet`);
}

/** The heat map of kinds of work by engines, all of them above. @type {(view: View, kinds: Kind[], rest: (label: string) => string) => void} */
function showKinds(view, kinds, rest) {
  const table = one("table.kinds");
  const engines = view.scores.filter(({ total }) => total > 0).map(({ engine }) => engine);
  const whole = { settings: [], tasks: view.tasks, title: `All ${queries(view.tasks.length)}`, label: "" };
  const heading = element("tr", {}, element("th", { scope: "col" }, "Mean ratio"), ...engines.map((engine) => element("th", { scope: "col" }, engineName(engine))));
  one("thead", table).replaceChildren(heading);
  const listed = kinds.length > 1 ? [whole, ...kinds] : kinds;
  one("tbody", table).replaceChildren(...listed.map((kind) => {
    const found = new Map(meansOf(kind, view).means.map((each) => [each.engine, each]));
    const [first] = kind.settings;
    const name = first === undefined ? element("b", {}, kind.title) : element("a", { href: `#setting-${first}` }, isolated(kind.title));
    return element("tr", {}, element("th", { scope: "row" }, name, " ", element("small", {}, isolated(rest(kind.label)))),
      ...engines.map((engine) => kindCell(found.get(engine))));
  }));
}

/** @type {(found: { mean: Mean | null, mark: string } | undefined) => HTMLElement} */
function kindCell(found) {
  if (!found?.mean) return element("td", { className: "none" }, "–");
  const { mean, mark } = found;
  const title = mean.interval === null ? "" : `95% interval ${mean.interval.map(plain).join("–")}`;
  return element("td", { className: mark === "★" ? "heat best" : "heat", style: shadeOf(mean.value), title }, mark, times(mean.value));
}

/** The engine to use for a kind of work, and why. @type {(kind: Kind, where: string, view: View) => HTMLElement} */
function verdictOfKind({ settings, tasks, title }, where, view) {
  const pick = pickOf(tasks, view);
  const [lead = "", ...others] = pick === null ? ["No engine has a value."] : pickInWords(pick, view.state);
  return element("div", {},
    element("dt", {}, element("a", { href: `#setting-${settings[0]}` }, isolated(title)), " ", element("small", {}, isolated(where))),
    element("dd", { className: "pick" }, ...(pick === null ? ["–"] : [engineName(pick.score.engine)])),
    element("dd", {}, element("b", {}, lead), " ", others.filter(Boolean).join(" ")));
}

/** @type {(view: View) => void} */
function showRanking({ scores }) {
  one("table.ranking tbody").replaceChildren(...scores.map(({ engine, mean, wins, ties, unclear, ok, total, peak }) => {
    const spread = mean?.interval ? [" ", element("small", {}, mean.interval.map(plain).join("–"))] : [];
    return element("tr", { data: { engine } },
      element("th", { scope: "row" }, engineName(engine)),
      numberCell(element("b", {}, mean === null ? "–" : times(mean.value)), ...spread),
      numberCell(String(wins)), numberCell(String(ties)), numberCell(String(unclear)), numberCell(`${ok} of ${total}`),
      numberCell(peak > 0 ? mebibytes(peak) : "–"));
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

/** Shows what depends on many tasks when the browser has nothing else to do; on few, at once.
 * @type {(view: View, tasks: number, showPart: (view: View) => void) => void} */
function soon(view, tasks, showPart) {
  if (tasks <= MOST_TASKS_AT_ONCE) showPart(view);
  else whenIdle(() => { if (view === current) showPart(view); });
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
  const lower = `${label[0].toLowerCase()}${label.slice(1)}`;
  say("unit", `${lower}, and the ratio to ${to ?? "the best of each query"}`);
  say("metric", lower);
  say("kinds", `${lower}: ratios to ${to ?? "the best of each query"}, geometric mean; ${unit === "s" ? "1× is the fastest" : "1× is the leanest"}`);
  all("[data-baseline]").forEach((node) => { node.textContent = to ?? "the best"; });
  say("metric-note", `Less is better. Shown is ${explanation}.`);
  say("penalty-note", state.penalty ? "A cell without a value counts as 2× the worst value of its query."
    : "A cell without a value is left out: means may be over different queries.");
  const few = sampled(tasks).length;
  say("sample-note", few < tasks.length ? `Points and means of the charts below are those of ${few} of the ${tasks.length} queries.` : "");
}
