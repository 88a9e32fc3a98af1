// Shows an article with charts for each query of the tasks in view, a screenful at a time.
import { cells, cellsIn, olderIn, page, settingOf } from "./data.js";
import { all, element, isolated, one } from "./elements.js";
import { current, forgetFigures, watchFigures } from "./charts.js";
import { families } from "./rows_of_engines.js";
import { count, verdict } from "./wording.js";

const ARTICLES_AT_ONCE = 24;
/** By query: its article, and the tasks that it shows. @type {Map<number, { node: HTMLElement, tasks: string }>} */
const articles = new Map();
let articlesShown = ARTICLES_AT_ONCE;

/** @type {(view: View) => void} */
export function showQueries({ tasks, state }) {
  const byQuery = Map.groupBy(tasks, (task) => cells.task_query[task]);
  const shown = [...byQuery].slice(0, articlesShown).map(([query, own]) => ({ query, node: articleOf(query, own) }));
  for (const { node } of shown) {
    for (const each of all("[data-verdict]", node)) each.textContent = verdict(Number(each.dataset.verdict), state);
  }
  one(".queries").replaceChildren(...shown.flatMap(({ query, node }, at) => {
    const { workload } = page.queries[query];
    if (at > 0 && page.queries[shown[at - 1].query].workload === workload) return [node];
    return [element("h3", {}, isolated(page.settings.find((setting) => setting.workload === workload)?.title ?? "")), node];
  }));
  const [more, left] = [one("[name=more]"), byQuery.size - articlesShown];
  more.hidden = left <= 0;
  more.textContent = `Show ${Math.min(ARTICLES_AT_ONCE, left)} more of ${left} queries`;
}

/** A query's article; made anew where its tasks have changed. @type {(query: number, tasks: number[]) => HTMLElement} */
function articleOf(query, tasks) {
  const known = articles.get(query);
  if (known?.tasks === tasks.join()) return known.node;
  if (known) forgetFigures(all("[data-chart]", known.node));
  const node = article(query, tasks);
  articles.set(query, { node, tasks: tasks.join() });
  watchFigures(all("[data-chart]", node));
  return node;
}

/** @type {(query: number, tasks: number[]) => HTMLElement} */
function article(query, tasks) {
  const { name, title } = page.queries[query];
  const several = tasks.length > 1;
  const pasts = tasks.filter((task) => olderIn(task).length > 0);
  return element("article", { className: "query" },
    element("h4", {}, element("bdi", { className: "name" }, name), ...(title === name ? [] : [" ", isolated(title)])),
    ...tasks.map((task) => queryFigure(task, several)),
    ...families(tasks, "size").map(([task]) => scalingFigure(task)),
    ...pasts.map((task) => historyFigure(task, several)),
    element("button", { type: "button", className: "link", data: { task: tasks[0] } }, "SQL, programs and plan"));
}

/** @type {(task: number, several: boolean) => HTMLElement} */
function queryFigure(task, several) {
  const label = several ? element("small", {}, isolated(settingOf(task).label), " ") : null;
  return element("figure", {},
    element("figcaption", {}, label, element("span", { data: { verdict: task } })),
    element("div", { className: "chart", data: { chart: "query", of: task }, style: { "--bars": cellsIn(task).length } }));
}

/** @type {(task: number) => HTMLElement} */
function scalingFigure(task) {
  const { input, threads } = settingOf(task);
  return wideFigure("scaling", task, `by size, ${input}, ${count(threads, "thread")}; logarithmic axes; slope 1: twice the rows take twice as long`);
}

/** @type {(task: number, several: boolean) => HTMLElement} */
function historyFigure(task, several) {
  const where = several ? [isolated(settingOf(task).label), ", "] : [];
  return wideFigure("history", task, ...where, "over runs; logarithmic; a ring marks a new version of the engine");
}

/** @type {(chart: string, task: number, ...caption: (Node | string)[]) => HTMLElement} */
function wideFigure(chart, task, ...caption) {
  return element("figure", { className: "wide", data: { place: chart } },
    element("figcaption", {}, element("small", {}, ...caption)),
    element("div", { className: `chart ${chart}`, data: { chart, of: task } }));
}

one("[name=more]").addEventListener("click", () => {
  const first = articlesShown;
  articlesShown += ARTICLES_AT_ONCE;
  showQueries(current);
  all(".query button.link")[first]?.focus();
});
