"use strict";
// A cell -> the dialog with all that is known of it: rounds, memory, SQL, program, plan, verdict.

const dialog = document.getElementById("details");

async function openDetails(cell, state) {
  hideTip();
  const [task, known] = [cells.task[cell], await loadTexts()];
  dialog.replaceChildren(
    detailsHead(cell, task), engineChoice(cell, task, state), outcomeLine(cell, task, state),
    ...(secondsOf(cell).length > 0 ? [roundsFigure(cell, state), facts(cell)] : []),
    ...noisierNotice(cell), ...olderNote(cell), ...textBlocks(cell, task, known),
  );
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  dialog.querySelector("[aria-pressed=true]")?.focus();
  for (const figure of all("[data-chart]", dialog)) draw(figure, state);
}

function detailsHead(cell, task) {
  const { name, title } = queryOf(task);
  const { label, title: workload } = settingOf(task);
  return element("header", {},
    element("h2", { id: "details-title" }, element("bdi", { className: "name" }, name), title === name ? null : ` ${title}`),
    element("button", { type: "button", className: "close", aria: { label: "Close" } }, "×"),
    element("p", { className: "where" }, isolated(workload), " · ", isolated(label)));
}

/** A button for each engine of the task, so that their programs can be compared in place. */
function engineChoice(cell, task, state) {
  const own = cellsOf(task, state).sort((one, other) => engineOf(one) - engineOf(other));
  const buttons = own.map((each) => element("button", {
    type: "button", data: { open: each }, aria: { pressed: each === cell },
  }, engineName(engineOf(each))));
  return element("p", { className: "buttons engines" }, ...buttons);
}

function outcomeLine(cell, task, state) {
  const { name, text } = outcomeOf(cell);
  if (name !== "ok") {
    return element("p", { className: "notice" }, element("b", {}, text), ": ", isolated(reasonOf(cell)));
  }
  const others = timed(task, state).filter((each) => each !== cell);
  const lines = others.map((each) => standing(cell, each, state.metric)).filter(Boolean);
  const answer = "The answer was compared with the reference and is right.";
  const compared = lines.length > 0 ? ` ${metrics.get(state.metric).label}: ${lines.join("; ")}.` : "";
  return element("p", { className: "verdict" }, answer, compared);
}

function roundsFigure(cell, state) {
  return element("figure", {},
    element("figcaption", {}, "Every round in the order run; the line is the median, the band its 95% interval"),
    element("div", { className: "chart", data: { chart: "rounds", of: cell } }));
}

function facts(cell) {
  const time = (value) => (value === null ? "–" : `${seconds(value)} s`);
  const bytes = (value) => (value === null ? "–" : `${amount(value, "MiB")} MiB`);
  const [peak, start, cores] = [valueOf(cell, "peak"), known(cells.baseline_bytes[cell]), coresOf(cell)];
  const rows = known(cells.rows[cell]);
  const pairs = [
    ["Hot median", `${time(valueOf(cell, "median"))}${spreadOf(cell)}`],
    ["Hot minimum", time(valueOf(cell, "minimum"))],
    ["Cold, first run", time(valueOf(cell, "cold"))],
    ["CPU time, median", time(valueOf(cell, "cpu"))],
    ["Cores used", cores === null ? "–" : `${cores.toFixed(1)} of ${settingOf(cells.task[cell]).threads} threads`],
    ["Peak memory", bytes(peak)],
    ["Above the start", peak === null || start === null ? "–" : bytes(Math.max(peak - start, 0))],
    ["Hot rounds", String(secondsOf(cell).length)],
    ["Rows of the answer", rows === null ? "–" : rows.toLocaleString("en")],
    ["Run", page.runs[cells.run[cell]].label],
    ["Version", page.engines[engineOf(cell)].version ?? "–"],
    ...extras(cell),
  ];
  return element("dl", { className: "figures" },
    ...pairs.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}

function spreadOf(cell) {
  const [low, high] = ["low", "high"].map((part) => partOf(cell, "median", part));
  return low === null ? "" : ` (${seconds(low)}–${seconds(high)})`;
}

/** What only some runs record. */
function extras(cell) {
  return page.extras.flatMap(({ name, label, unit, words }) => {
    const value = known(cells[name][cell]);
    return value === null ? [] : [[label, words[value] ?? shownExtra(value, unit)]];
  });
}

function shownExtra(value, unit) {
  if (unit === "yes") return value ? "yes" : "no";
  if (unit === "s") return `${seconds(value)} s`;
  if (unit === "MiB") return `${amount(value, unit)} MiB`;
  return unit === "%" ? `${(100 * value).toFixed(0)}%` : `${+value.toPrecision(3)} ${unit}`.trim();
}

/** What a run found that knew the cell's time much better than the one shown; empty where there is none. */
function quieterNote(cell) {
  const at = cells.quieter[cell];
  if (at === MISSING) return "";
  return `, noisier than on ${earlier({ columns: older, at })}`;
}

function noisierNotice(cell) {
  const note = quieterNote(cell);
  return note === "" ? [] : [element("p", { className: "notice" }, `This run is ${note.slice(2)}.`)];
}

/** A run, with the median that it found. */
function earlier(measurement) {
  const [value, low, high] = ["", "low", "high"].map((part) => valueIn(measurement, "median", part));
  const spread = low === null ? "" : ` (${seconds(low)}–${seconds(high)})`;
  return `${page.runs[fieldOf(measurement, "run")].label}: ${seconds(value)} s${spread}`;
}

function olderNote(cell) {
  const past = measurementsOf(cells.task[cell]).filter((each) => each.columns === older
    && fieldOf(each, "engine") === engineOf(cell) && valueIn(each, "median") !== null);
  if (past.length === 0) return [];
  return [element("p", { className: "note" }, `Earlier medians: ${past.map(earlier).join("; ")}.`)];
}

function textBlocks(cell, task, known) {
  const { sql, plan } = known.queries[cells.task_query[task]];
  const engine = page.engines[engineOf(cell)];
  const program = cells.program[cell] === MISSING ? null : known.programs[cells.program[cell]];
  return [element("div", { className: "programs" },
    ...(program === null ? [element("p", { className: "note" }, `${engine.label} has no program for this query.`)]
      : [codeBlock(`${engine.label}’s program`, program.text, engine.language, `SHA-256 ${program.sha256.slice(0, 12)}`)]),
    codeBlock("SQL as written", sql, "sql"),
    ...(plan === null ? [] : [codeBlock("Plan", plan, null)]))];
}

function codeBlock(title, text, language, note = "") {
  const code = element("code", {}, ...(language === null ? [text] : highlighted(text, language)));
  return element("section", { className: "program" },
    element("h3", {}, title, " ", element("small", {}, note),
      element("button", { type: "button", className: "copy", aria: { label: `Copy: ${title}` } }, "Copy")),
    element("pre", { tabIndex: 0 }, code));
}

dialog.addEventListener("click", (event) => {
  if (event.target === dialog || event.target.closest(".close")) dialog.close();
});
dialog.addEventListener("close", () => {
  for (const figure of all("[data-chart]", dialog)) forget(figure);
  dialog.replaceChildren();
});

/** Where the clipboard is closed to pages, the text is selected for the reader to copy. */
async function copy(node) {
  try {
    await navigator.clipboard.writeText(node.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(node);
    return false;
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const code = button.closest(".program").querySelector("pre code");
  button.textContent = (await copy(code)) ? "Copied" : "Press Ctrl+C";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
});
