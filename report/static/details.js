// Shows a cell's dialog: its rounds, memory, SQL, program, plan and reason.
import { MISSING, cells, clientsOf, coresOf, engineOf, highOf, known, metrics, older, outcomeOf, page, partOf, queryOf, reasonOf, roundsOf, settingOf, taskOf, valueOf } from "./data.js";
import { all, around, element, engineName, isolated, one } from "./elements.js";
import { loadTexts } from "./blocks.js";
import { current, draw, forgetFigures } from "./charts.js";
import { earlierOf, pastsOf, runIn, valueIn } from "./changes.js";
import { withTools } from "./saving.js";
import { highlighted } from "./highlight.js";
import { cellsOf, sweepOf, timed } from "./model.js";
import { families } from "./rows_of_engines.js";
import { amount, between, standing, verdict } from "./wording.js";

const dialog = /** @type {HTMLDialogElement} */ (one("#details"));

/** Opens a cell; with another one, both programs stand side by side. @type {(cell: number, other?: number) => Promise<void>} */
export async function openDetails(cell, other) {
  const texts = await loadTexts();
  forgetFigures(all("[data-chart]", dialog));
  dialog.replaceChildren(
    detailsHead(taskOf(cell)), engineChoice(cell, current.state), outcomeLine(cell, current.state),
    ...(other === undefined ? [] : [programs([other, cell], texts)]),
    ...queryFigures(taskOf(cell)),
    ...(roundsOf(cell).length > 0 ? [roundsFigure(cell), facts(cell)] : []),
    ...noisierNotice(cell), ...earlierNote(cell), ...(other === undefined ? [programs([cell], texts)] : []),
  );
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  all("[aria-pressed=true]", dialog)[0]?.focus();
  for (const figure of all("[data-chart]", dialog)) draw(figure);
}

/** @type {(task: number) => HTMLElement} */
function detailsHead(task) {
  const { name, title } = queryOf(task);
  const { label, title: workload } = settingOf(task);
  return element("header", {},
    element("h2", { id: "details-title" }, element("bdi", { className: "name" }, name), title === name ? null : ` ${title}`),
    element("button", { type: "button", className: "close", aria: { label: "Close" } }, "×"),
    element("p", { className: "where" }, isolated(workload), " · ", isolated(label)));
}

/** A button for each engine of the task, so that their programs can be compared in place. @type {(cell: number, state: State) => HTMLElement} */
function engineChoice(cell, state) {
  const own = cellsOf(taskOf(cell), state).sort((one, other) => engineOf(one) - engineOf(other));
  return element("p", { className: "buttons engines" }, ...own.map((each) => element("button", {
    type: "button", data: { open: each }, aria: { pressed: each === cell },
  }, engineName(engineOf(each)))));
}

/** @type {(cell: number, state: State) => HTMLElement} */
export function outcomeLine(cell, state) {
  const { name, text } = outcomeOf(cell);
  if (name !== "ok") return element("p", { className: "notice" }, element("b", {}, text), ": ", isolated(reasonOf(cell)));
  const others = timed(taskOf(cell), state).filter((each) => each !== cell);
  const lines = others.map((each) => standing(cell, each, state.metric)).filter((line) => line !== null);
  const compared = lines.length > 0 ? ` ${metrics.get(state.metric)?.label}: ${lines.join("; ")}.` : "";
  return element("p", { className: "verdict" }, `The answer was compared with the reference and is right.${compared}`);
}

/** The engines on the query, and its time by size and over runs where there are several. @type {(task: number) => HTMLElement[]} */
function queryFigures(task) {
  const sized = families(sweepOf(current, "size"), "size").some((own) => own.includes(task));
  return [
    detailsFigure("query", task, verdict(task, current.state)),
    ...(sized ? [detailsFigure("scaling", task, "By size; both axes logarithmic; slope 1: twice the rows take twice as long")] : []),
    ...(pastsOf(task, current.state).size > 0 ? [detailsFigure("history", task, "Over runs; logarithmic; a ring marks a new version of the engine")] : []),
  ];
}

/** @type {(cell: number) => HTMLElement} */
const roundsFigure = (cell) => detailsFigure("rounds", cell, "Every round in the order run; the line is the median, the band its 95% interval");

/** @type {(chart: string, of: number, caption: string) => HTMLElement} */
function detailsFigure(chart, of, caption) {
  return withTools(element("figure", {}, element("figcaption", {}, caption), element("div", { className: `chart ${chart}`, data: { chart, of } })));
}

/** @type {(cell: number) => HTMLElement} */
function facts(cell) {
  const time = (/** @type {string} */ metric) => shown(valueOf(cell, metric), "s");
  const [peak, start, cores] = [valueOf(cell, "peak"), known(cells.baseline_bytes[cell]), coresOf(cell)];
  const pairs = [
    ["Hot median", `${time("median")}${rangeOf([partOf(cell, "median", "low"), partOf(cell, "median", "high")])}`],
    ...(clientsOf(cell) === null ? [] : [["95% of the rounds within", shown(highOf(cell), "s")]]),
    ["Hot minimum", time("minimum")],
    ["Cold, first run", time("cold")],
    ["First answer, from the start", time("first")],
    ["CPU time, median", time("cpu")],
    ["Cores used", cores === null ? "–" : `${cores.toFixed(1)} of ${settingOf(taskOf(cell)).threads} threads`],
    ["Peak memory", shown(peak, "MiB")],
    ["Above the start", shown(peak === null || start === null ? null : Math.max(peak - start, 0), "MiB")],
    ["Hot rounds", String(roundsOf(cell).length)],
    ["Rows of the answer", known(cells.rows[cell])?.toLocaleString("en") ?? "–"],
    ["Run", page.runs[cells.run[cell]].label],
    ["Version", page.engines[engineOf(cell)].version ?? "–"],
    ...page.extras.flatMap(({ name, label, unit, words }) => {
      const value = known(cells[name][cell]);
      return value === null ? [] : [[label, words[value] ?? shown(value, unit)]];
    }),
  ];
  return element("dl", { className: "figures" },
    ...pairs.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}

/** @type {(value: number | null, unit: string) => string} */
function shown(value, unit) {
  if (value === null) return "–";
  if (unit === "yes") return value ? "yes" : "no";
  if (unit === "s" || unit === "MiB") return amount(value, unit);
  return unit === "%" ? `${(100 * value).toFixed(0)}%` : `${+value.toPrecision(3)} ${unit}`.trim();
}

/** @type {(ends: (number | null)[]) => string} */
const rangeOf = ([low, high]) => low === null || high === null ? "" : ` (${between(low, high, "s")})`;

/** What a run found that knew the cell's time much better than the one shown; empty where there is none. @type {(cell: number) => string} */
export function quieterNote(cell) {
  const at = cells.quieter[cell];
  return at === MISSING ? "" : `noisier than on ${earlier({ columns: older, at })}`;
}

/** @type {(cell: number) => HTMLElement[]} */
function noisierNotice(cell) {
  const note = quieterNote(cell);
  return note === "" ? [] : [element("p", { className: "notice" }, `This run is ${note}.`)];
}

/** A run, with the median that it found. @type {(measurement: Measurement) => string} */
function earlier(measurement) {
  const ends = [valueIn(measurement, "median", "low"), valueIn(measurement, "median", "high")];
  return `${runIn(measurement).label}: ${shown(valueIn(measurement, "median"), "s")}${rangeOf(ends)}`;
}

/** @type {(cell: number) => HTMLElement[]} */
function earlierNote(cell) {
  const past = earlierOf(taskOf(cell), engineOf(cell));
  return past.length === 0 ? [] : [element("p", { className: "note" }, `Earlier medians: ${past.map(earlier).join("; ")}.`)];
}

/** The programs of cells of a query, its SQL and its plan. @type {(own: number[], texts: Texts) => HTMLElement} */
function programs(own, texts) {
  const { sql, plan } = texts.queries[cells.task_query[taskOf(own[0])]];
  return element("div", { className: "programs" }, ...own.map((cell) => programOf(cell, texts)),
    codeBlock("SQL as written", highlighted(sql, "sql")),
    plan === null ? null : codeBlock("Plan", [plan]));
}

/** @type {(cell: number, texts: Texts) => HTMLElement} */
function programOf(cell, texts) {
  const { label, language } = page.engines[engineOf(cell)];
  const program = cells.program[cell] === MISSING ? null : texts.programs[cells.program[cell]];
  return program === null ? element("p", { className: "note" }, `${label} has no program for this query.`)
    : codeBlock(`${label}’s program`, highlighted(program.text, language), `SHA-256 ${program.sha256.slice(0, 12)}`);
}

/** @type {(title: string, code: (Node | string)[], note?: string) => HTMLElement} */
function codeBlock(title, code, note = "") {
  return element("section", { className: "program" },
    element("h3", {}, title, " ", element("small", {}, note),
      element("button", { type: "button", className: "copy", aria: { label: `Copy: ${title}` } }, "Copy")),
    element("pre", { tabIndex: 0 }, element("code", {}, ...code)));
}

dialog.addEventListener("click", (event) => {
  if (event.target === dialog || around(event, ".close")) dialog.close();
});
dialog.addEventListener("close", () => {
  forgetFigures(all("[data-chart]", dialog));
  dialog.replaceChildren();
});

/** Copies a node's text; returns false if pages may not use the clipboard, and selects the text for the reader.
 * @type {(node: HTMLElement) => Promise<boolean>} */
async function copy(node) {
  try {
    await navigator.clipboard.writeText(node.textContent);
    return true;
  } catch {
    getSelection()?.selectAllChildren(node);
    return false;
  }
}

dialog.addEventListener("click", async (event) => {
  const button = around(event, "button.copy");
  if (button === null) return;
  const code = one("pre code", /** @type {HTMLElement} */ (button.closest(".program")));
  button.textContent = (await copy(code)) ? "Copied" : "Press Ctrl+C";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
});
