"use strict";
// What the reader chose -> the tables, sentences and charts of the page, changed where they stand.

function all(selector) {
  return document.querySelectorAll(selector);
}

function show(state) {
  const tasks = shownTasks(state);
  const scores = ranked(tasks, state);
  showTheme(state);
  hideWhatIsOff(state, new Set(tasks));
  showFindings(scores, tasks, state);
  showRanking(scores, state);
  showMatrices(tasks, state);
  showVerdicts(tasks, state);
  showNotes(state);
}

function showTheme(state) {
  if (state.theme) document.documentElement.dataset.theme = state.theme;
  else delete document.documentElement.dataset.theme;
  document.forms.controls.elements.theme.textContent = isDark() ? "Light" : "Dark";
}

function hideWhatIsOff(state, tasks) {
  for (const node of all("[data-setting]")) node.hidden = !isShown(Number(node.dataset.setting), state);
  for (const node of all("tr[data-task]")) node.hidden = !tasks.has(Number(node.dataset.task));
  for (const node of all("[data-engine]")) {
    const gone = node.closest("tr[data-task]")?.hidden && node.matches("tr");
    node.hidden = gone || state.off.has(Number(node.dataset.engine));
  }
  for (const node of all("article.query")) node.hidden = !node.querySelector("figure[data-task]:not([hidden])");
  for (const node of all("h3[data-workload]")) {
    node.hidden = state.workload !== "" && state.workload !== node.dataset.workload;
  }
}

function showFindings(scores, tasks, state) {
  document.querySelector("[data-overall]").textContent = overall(scores, tasks, state);
  for (const node of all(".findings [data-settings]")) {
    const settings = new Set(node.dataset.settings.split(" ").map(Number));
    const own = tasks.filter((task) => settings.has(page.tasks[task].setting));
    node.hidden = own.length === 0;
    node.querySelector("[data-finding]").textContent = finding(own, state);
  }
}

function showRanking(scores, state) {
  const body = document.querySelector("table.ranking tbody");
  for (const score of scores) {
    const row = body.querySelector(`[data-engine="${score.engine}"]`);
    const mean = row.querySelector("[data-mean]");
    mean.replaceChildren(element("b", score.mean === null ? "–" : times(score.mean.value)));
    if (score.mean?.low != null) {
      mean.append(" ", element("small", `${score.mean.low.toFixed(2)}–${score.mean.high.toFixed(2)}`));
    }
    row.querySelector("[data-wins]").textContent = score.wins;
    row.querySelector("[data-coverage]").textContent = `${score.ok} of ${score.asked}`;
    row.querySelector("[data-peak]").textContent = score.peak > 0 ? amount(score.peak, "MiB") : "–";
    body.append(row);
  }
}

function element(name, text) {
  const node = document.createElement(name);
  node.textContent = text;
  return node;
}

function showMatrices(tasks, state) {
  for (const task of tasks) {
    const row = document.querySelector(`.cells tr[data-task="${task}"]`);
    for (const node of row.querySelectorAll("[data-cell]")) showCell(node, task, state);
  }
}

function showCell(node, task, state) {
  const cell = Number(node.dataset.cell);
  const value = valueOf(cell, state.metric);
  const ratio = ratioOf(task, cell, state);
  const heat = heatOf(ratio);
  const text = value === null ? "–" : amount(value, metrics.get(state.metric).unit);
  node.querySelector("b").textContent = text;
  node.querySelector("small").textContent = mark(task, cell, state) + (ratio === null ? "" : times(ratio));
  node.style.setProperty("--heat", heat.toFixed(3));
  node.classList.toggle("deep", heat > DEEP);
}

/** The sign of a tie: with the best, or with the chosen baseline. */
function mark(task, cell, state) {
  if (state.baseline === null) {
    const winners = winnersOf(task, state);
    return winners.length > 1 && winners.includes(cell) ? "≈" : "";
  }
  const baseline = baselineOf(task, state);
  return baseline !== null && baseline !== cell && tied(cell, baseline, state.metric) ? "≈" : "";
}

function showVerdicts(tasks, state) {
  for (const task of tasks) {
    document.querySelector(`figure[data-task="${task}"] [data-verdict]`).textContent = verdict(task, state);
  }
}

function showNotes(state) {
  const metric = metrics.get(state.metric);
  const unit = metric.unit === "s" ? "seconds" : "MiB";
  const to = state.baseline === null ? "the best of each query" : labelOf(state.baseline);
  const name = metric.label[0].toLowerCase() + metric.label.slice(1);
  document.querySelector("[data-unit]").textContent = `${name} in ${unit}, and the ratio to ${to}`;
  document.querySelector("[data-tie-note]").textContent =
    `≈ ties with ${state.baseline === null ? "the best" : to}: the 95% interval of the ratio covers 1`;
  document.querySelector("[data-metric-note]").textContent = `Less is better. Shown is ${metric.explanation}.`;
  document.querySelector("[data-penalty-note]").textContent = state.penalty
    ? "A cell without a value counts as 2× the worst value of its query."
    : "A cell without a value is left out: means may be over different queries.";
}
