// Writes all cells of the page, hidden ones included, as JSON and CSV files.
import { MISSING, cells, engineOf, known, outcomeOf, page, queryOf, reasonOf, roundsOf, settingOf, turnsOf, valueOf } from "./data.js";
import { download, one } from "./elements.js";
import { loadTexts } from "./blocks.js";

/** @typedef {Record<string, any>} Line */

/** @type {(value: number) => number} */
const sevenDigits = (value) => Number(value.toPrecision(7));

/** One record for each cell, in the words of results/README.md. @type {(programs: Texts["programs"]) => Line[]} */
export function records(programs) {
  return Array.from(cells.task, (task, cell) => {
    const { title, label, table_rows, memory_limit: limit, limit_bytes: memory_limit, clients, ...setting } = settingOf(task);
    const { name, version } = page.engines[engineOf(cell)];
    const program = cells.program[cell] === MISSING ? null : programs[cells.program[cell]].sha256;
    const outcome = outcomeOf(cell).name;
    return {
      ...setting, memory_limit, clients: Number(clients) || null, query: queryOf(task).name, engine: name, engine_version: version, outcome,
      reason: reasonOf(cell), started: page.runs[cells.run[cell]].started, program_sha256: program,
      ...(outcome === "ok" ? measuredOf(cell) : {}),
    };
  });
}

/** @type {(cell: number) => Line} */
function measuredOf(cell) {
  return {
    rows: known(cells.rows[cell]), cold_seconds: valueOf(cell, "cold"), peak_bytes: valueOf(cell, "peak"),
    baseline_bytes: known(cells.baseline_bytes[cell]), turns: turnsOf(cell),
    seconds: roundsOf(cell).map(sevenDigits), cpu_seconds: roundsOf(cell, "cpu_seconds").map(sevenDigits),
    ...Object.fromEntries(page.extras.map(({ name }) => [name, known(cells[name][cell])])),
  };
}

/** One line for each round; one without a round for a cell without a time. @type {(record: Line) => Line[]} */
export function roundRecords({ seconds = [], cpu_seconds: cpu = [], turns = [], ...cell }) {
  const lines = seconds.length > 0 ? seconds : [null];
  return lines.map((/** @type {number | null} */ value, /** @type {number} */ at) => ({
    ...cell, turn: turns[at] ?? null, round: value === null ? null : at + 1, seconds: value, cpu_seconds: cpu[at] ?? null,
  }));
}

/** A sign that makes a formula: at a text's start, or behind what separates fields or lines for some spreadsheets. */
const FORMULA = /(^|[;\t\r\n])(\s{0,99}[=+\-@＝＋－＠])/g;

/** A value in quotation marks. An apostrophe stands before what a spreadsheet would take for a formula; numbers stay as
 * they are. @type {(value: unknown) => string} */
function field(value) {
  const text = String(value ?? "").replaceAll('"', '""');
  return `"${typeof value === "string" ? text.replace(FORMULA, "$1'$2") : text}"`;
}

/** @type {(lines: Line[]) => string} */
export function csv(lines) {
  const columns = [...new Set(lines.flatMap(Object.keys))];
  return [columns, ...lines.map((line) => columns.map((column) => line[column]))].map((row) => row.map(field).join(",")).join("\r\n");
}

one("[name=json]").addEventListener("click", async () =>
  download("results.json", new Blob([JSON.stringify(records((await loadTexts()).programs))], { type: "application/json" })));
one("[name=csv]").addEventListener("click", async () =>
  download("results.csv", new Blob([csv(records((await loadTexts()).programs).flatMap(roundRecords))], { type: "text/csv" })));
