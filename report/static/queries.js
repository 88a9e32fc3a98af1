"use strict";
// The tasks in view -> an article for each query with its charts, a screenful at a time.

const ARTICLES_AT_ONCE = 24;
const articles = new Map();
let articlesShown = ARTICLES_AT_ONCE;

function showQueries(tasks, state) {
  const byQuery = Map.groupBy(tasks, (task) => cells.task_query[task]);
  const shown = [...byQuery].slice(0, articlesShown);
  for (const [query, own] of shown) {
    if (articles.get(query)?.tasks !== own.join()) replaceArticle(query, own);
    for (const node of all("[data-verdict]", articles.get(query).node)) {
      node.textContent = verdict(Number(node.dataset.verdict), state);
    }
  }
  document.querySelector(".queries").replaceChildren(...withHeadings(shown.map(([query]) => query)));
  const more = document.querySelector("[name=more]");
  more.hidden = byQuery.size <= articlesShown;
  more.textContent = `Show ${Math.min(ARTICLES_AT_ONCE, byQuery.size - articlesShown)} more of ${byQuery.size - articlesShown} queries`;
}

function replaceArticle(query, tasks) {
  for (const figure of all("[data-chart]", articles.get(query)?.node)) forget(figure);
  const node = article(query, tasks);
  articles.set(query, { node, tasks: tasks.join() });
  for (const figure of all("[data-chart]", node)) watchFigure(figure);
}

function withHeadings(queries) {
  let workload = null;
  return queries.flatMap((query) => {
    const { node } = articles.get(query);
    if (page.queries[query].workload === workload) return [node];
    workload = page.queries[query].workload;
    const { title } = page.settings.find((setting) => setting.workload === workload);
    return [element("h3", {}, isolated(title)), node];
  });
}

function article(query, tasks) {
  const { name, title } = page.queries[query];
  const scaling = families(tasks, "size").map((family) => scalingFigure(family[0]));
  const pasts = tasks.filter(hasPast).map((task) => historyFigure(task, tasks.length > 1));
  const button = element("button", { type: "button", className: "link", data: { task: tasks[0] } },
    "SQL, programs and plan");
  return element("article", { className: "query" },
    element("h4", {}, element("bdi", { className: "name" }, name), title === name ? null : " ", title === name ? null : isolated(title)),
    ...tasks.map((task) => queryFigure(task, tasks.length > 1)), ...scaling, ...pasts, button);
}

function queryFigure(task, several) {
  const label = several ? element("small", {}, isolated(settingOf(task).label), " ") : null;
  return element("figure", {},
    element("figcaption", {}, label, element("span", { data: { verdict: task } })),
    element("div", { className: "chart", data: { chart: "query", of: task },
      style: { "--bars": cellStart[task + 1] - cellStart[task] } }));
}

function scalingFigure(task) {
  const { input, threads } = settingOf(task);
  return element("figure", { className: "wide", data: { place: "scaling" } },
    element("figcaption", {}, element("small", {}, `by size, ${input}, ${count(threads, "thread")}; logarithmic axes; slope 1: twice the rows take twice as long`)),
    element("div", { className: "chart scaling", data: { chart: "scaling", of: task } }));
}

function historyFigure(task, several) {
  const where = several ? [isolated(settingOf(task).label), ", "] : [];
  return element("figure", { className: "wide", data: { place: "history" } },
    element("figcaption", {}, element("small", {}, ...where, "over runs; logarithmic; a ring marks a new version of the engine")),
    element("div", { className: "chart history", data: { chart: "history", of: task } }));
}

document.querySelector("[name=more]").addEventListener("click", () => {
  const first = articlesShown;
  articlesShown += ARTICLES_AT_ONCE;
  showQueries(current.tasks, current.state);
  all(".query button.link")[first]?.focus();
});
