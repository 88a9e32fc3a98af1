"use strict";
// All cells of the page, whatever the reader has filtered -> files in JSON and CSV.

function sevenDigits(value) {
  return Number(value.toPrecision(7));
}

/** One record for each cell, in the words of results/README.md. */
function records(programs) {
  return Array.from(cells.task, (task, cell) => {
    const { title, label, table_rows, ...setting } = settingOf(task);
    const { name, version } = page.engines[engineOf(cell)];
    const program = cells.program[cell] === MISSING ? null : programs[cells.program[cell]].sha256;
    const outcome = outcomeOf(cell).name;
    return {
      ...setting, query: queryOf(task).name, engine: name, engine_version: version, outcome,
      reason: reasonOf(cell), started: page.runs[cells.run[cell]].started, program_sha256: program,
      ...(outcome === "ok" ? numbersOf(cell) : {}),
    };
  });
}

function numbersOf(cell) {
  return {
    rows: known(cells.rows[cell]), cold_seconds: valueOf(cell, "cold"), peak_bytes: valueOf(cell, "peak"),
    baseline_bytes: known(cells.baseline_bytes[cell]), turns: [...turnsOf(cell)],
    seconds: Array.from(secondsOf(cell), sevenDigits), cpu_seconds: Array.from(cpuSecondsOf(cell), sevenDigits),
    ...Object.fromEntries(page.extras.map(({ name }) => [name, known(cells[name][cell])])),
  };
}

/** One line for each round; one without a round for a cell without a time. */
function roundRecords({ seconds: own = [], cpu_seconds: cpu = [], turns = [], ...cell }) {
  const lines = own.length > 0 ? own : [null];
  return lines.map((value, index) => ({
    ...cell, turn: turns[index] ?? null, round: value === null ? null : index + 1,
    seconds: value, cpu_seconds: cpu[index] ?? null,
  }));
}

function csv(lines) {
  const columns = [...new Set(lines.flatMap(Object.keys))];
  const quoted = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
  return [columns, ...lines.map((line) => columns.map((column) => line[column]))]
    .map((row) => row.map(quoted).join(",")).join("\r\n");
}

function download(name, type, text) {
  const link = element("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

document.querySelector("[name=json]").addEventListener("click", async () =>
  download("results.json", "application/json", JSON.stringify(records((await loadTexts()).programs))));
document.querySelector("[name=csv]").addEventListener("click", async () =>
  download("results.csv", "text/csv", csv(records((await loadTexts()).programs).flatMap(roundRecords))));
