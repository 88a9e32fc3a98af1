"use strict";
// The two sides that the reader chose -> a heat map of verdicts for each setting.

const MOST_CHANGED = 60;
const MOST_JUDGED_AT_ONCE = 2000;

/** The newest run and the newest one before it on its machine; null where there is no such pair. */
function defaultSides() {
  const at = page.runs.findIndex((run, place) => place > 0 && run.machine === page.runs[0].machine);
  return at < 0 ? { before: null, after: null } : { before: { kind: "run", at }, after: { kind: "run", at: 0 } };
}

function sideFromText(text) {
  const [kind, id] = [text?.slice(0, text.indexOf(":")), text?.slice(text.indexOf(":") + 1)];
  const found = { run: page.runs, engine: page.engines }[kind]?.findIndex((each) => each.id === id) ?? -1;
  return found < 0 ? null : { kind, at: found };
}

function textFromSide(side) {
  return side === null ? "" : `${side.kind}:${{ run: page.runs, engine: page.engines }[side.kind][side.at].id}`;
}

function labelOfSide({ kind, at }) {
  return kind === "run" ? page.runs[at].label : labelOf(at);
}

/** Judges the pairs of all tasks in view, by setting; the charts take their rows from it. */
function judged(tasks, state) {
  const bySetting = new Map();
  if (state.before?.kind !== state.after?.kind || state.before === null) return bySetting;
  for (const task of tasks) {
    const pairs = pairsOf(task, state).map((pair) => ({ ...pair, ...judge(pair, state.metric) }));
    if (pairs.length === 0) continue;
    const setting = cells.task_setting[task];
    if (!bySetting.has(setting)) bySetting.set(setting, []);
    bySetting.get(setting).push(...pairs);
  }
  return bySetting;
}

/** Many tasks are judged when the browser has nothing else to do. */
function showChanges(shown) {
  const section = document.getElementById("changes");
  if (section === null) return;
  if (shown.tasks.length <= MOST_JUDGED_AT_ONCE) fillChanges(section, shown);
  else whenIdle(() => { if (shown === current) fillChanges(section, shown); });
}

function changesOf(shown) {
  shown.changes ??= judged(shown.tasks, shown.state);
  return shown.changes;
}

function fillChanges(section, now) {
  const changes = changesOf(now);
  section.querySelector("[data-changes]").textContent = changesInWords(now.state, changes);
  const place = section.querySelector(".changes");
  const shown = [...changes.keys()].join();
  if (place.dataset.settings === shown) return;
  for (const figure of all("[data-chart]", place)) forget(figure);
  place.dataset.settings = shown;
  place.replaceChildren(...[...changes.keys()].map(changesFigure));
  for (const figure of all("[data-chart]", place)) watchFigure(figure);
}

function changesFigure(setting) {
  const { title, label } = page.settings[setting];
  return element("figure", {},
    element("figcaption", {}, isolated(title), " ", element("small", {}, isolated(label), " ", element("span", { data: { few: setting } }))),
    element("div", { className: "chart", data: { chart: "changes", of: setting }, role: "group", ariaLabel: `What changed: ${title}, ${label}` }));
}

function changesInWords(state, changes) {
  const all = [...changes.values()].flat();
  if (state.before?.kind !== state.after?.kind) return "Choose two runs or two engines.";
  if (all.length === 0) return "The two have no cell in common in this view.";
  const tallied = tally(all.map(({ verdict }) => verdict));
  const counts = VERDICTS.filter((name) => tallied.has(name)).map((name) => `${tallied.get(name)} ${name}`);
  const mean = meanOf(all.map(({ pair }) => pair).filter((pair) => pair !== null));
  const interval = mean?.low == null ? "" : range([mean.low, mean.high]);
  const text = `Of ${count(all.length, "cell")} in both: ${counts.join(", ")}.`;
  const overall = mean === null ? "" : ` After ÷ before is ${mean.value.toFixed(2)}${interval} in the geometric mean.`;
  return text + overall + probeInWords(state);
}

/** Whether a fixed piece of work took the machine as long in the one run as in the other. */
function probeInWords({ before, after }) {
  if (before.kind !== "run") return "";
  const [then, now] = [before, after].map(({ at }) => page.runs[at].probe);
  const ratio = then === null || now === null ? 1 : now / then;
  if (Math.abs(Math.log(ratio)) <= Math.log1p(page.changes.probe_margin)) return "";
  const moved = `${times(Math.max(ratio, 1 / ratio))} ${ratio > 1 ? "slower" : "faster"}`;
  return ` Careful: the machine itself was ${moved} in the second run, by its probe: engines may be as they were.`;
}

function tally(names) {
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** The geometric mean of ratios, each [value, log error]. */
function meanOf(pairs) {
  const sum = pairs.reduce((total, [value]) => total + Math.log(value), 0);
  const squares = pairs.reduce((total, [, error]) => total + (error === null ? NaN : error ** 2), 0);
  return geometricMean(pairs.length, sum, squares);
}

/** Of many queries those with the most important changes, in the order of the queries. */
function changeRows(figure, state, shown) {
  const own = changesOf(shown).get(Number(figure.dataset.of)) ?? [];
  const importance = ({ verdict, pair }) => (VERDICTS.length - VERDICTS.indexOf(verdict)) * 100 + Math.abs(Math.log(pair?.[0] ?? 1));
  const byTask = [...Map.groupBy(own, ({ task }) => task)]
    .map(([task, pairs]) => ({ task, pairs, most: Math.max(...pairs.map(importance)) }));
  const kept = new Set(byTask.sort((one, other) => other.most - one.most).slice(0, MOST_CHANGED).map(({ task }) => task));
  const few = figure.closest("figure")?.querySelector("[data-few]");
  if (few) few.textContent = byTask.length > MOST_CHANGED ? `the ${MOST_CHANGED} of ${byTask.length} queries that changed most` : "";
  const families = [...new Set(page.engines.map(({ family }) => family))];
  return own.filter(({ task }) => kept.has(task)).map((pair) => changeRow(pair, families, state));
}

function changeRow({ task, name, before, after, verdict, pair }, families, state) {
  const moved = verdict === "slower" || verdict === "faster";
  const depth = moved ? Math.max(-1, Math.min(Math.log(pair[0]) / Math.log(page.changes.much), 1)) : 0;
  const end = depth > 0 ? "worse" : "better";
  return {
    query: queryOf(task).name, place: cells.task_query[task],
    engine: name || `${labelOfSide(state.before)} → ${labelOfSide(state.after)}`, column: families.indexOf(name),
    kind: { lost: "lost", gained: "gained", tie: "tie", "not told apart": "unclear", "no value": "none" }[verdict] ?? "change",
    colour: `color-mix(in oklab, var(--${end}) ${(100 * Math.abs(depth)).toFixed(0)}%, var(--no-change))`,
    label: moved ? `${SIGNS[verdict]} ${pair[0].toFixed(2)}` : SIGNS[verdict],
    note: changeNote(before, after, pair),
  };
}

function changeNote(before, after, pair) {
  if (pair === null) return [after, before].map((each) => page.reasons[fieldOf(each, "reason")]).find(Boolean) ?? "";
  return pair[0].toFixed(2) + range(intervalAround(pair));
}
