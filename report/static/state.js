// The page's address <-> what the reader chose. Unknown names in an address are ignored.
import { cells, engineOf, metrics, page, queryOf, settingOf, taskOf } from "./data.js";
import { ALL, FILTERS, SWEPT } from "./model.js";

/** @type {("before" | "after")[]} */
export const SIDES = ["before", "after"];
/** @type {("baseline" | "sort" | "from" | "to")[]} */
const ENGINES = ["baseline", "sort", "from", "to"];

/** @type {() => State} */
export function defaultState() {
  return {
    metric: page.metrics[0].name, baseline: null, penalty: true, off: new Set(), query: "", sort: null, theme: "",
    machine: "", workload: "", input: "", size: "", threads: "", memory_limit: "", clients: "", from: null, to: null, open: null, ...defaultSides(),
  };
}

/** The newest run, and the newest earlier one on its machine; null if there are not two.
 * @type {() => Pick<State, "before" | "after">} */
function defaultSides() {
  const at = page.runs.findIndex((run, place) => place > 0 && run.machine === page.runs[0].machine);
  return at < 0 ? { before: null, after: null } : { before: { kind: "run", at }, after: { kind: "run", at: 0 } };
}

/** @type {(id: string | null) => number | null} */
export function engineById(id) {
  const at = page.engines.findIndex((engine) => engine.id === id);
  return at < 0 ? null : at;
}

/** "run:…" or "engine:…" -> a side; null where there is none of that name. @type {(text: string | null | undefined) => Side | null} */
export function sideFromText(text) {
  const [, kind, id] = text?.match(/^(run|engine):(.*)$/s) ?? [];
  const at = (kind === "run" ? page.runs : page.engines).findIndex((each) => each.id === id);
  return at < 0 ? null : { kind: kind === "run" ? "run" : "engine", at };
}

/** @type {(side: Side | null) => string} */
export function textFromSide(side) {
  return side === null ? "" : `${side.kind}:${(side.kind === "run" ? page.runs : page.engines)[side.at].id}`;
}

/** @type {(hash: string) => State} */
export function stateFromHash(hash) {
  const state = defaultState();
  const read = new URLSearchParams(hash.replace(/^#/, ""));
  const metric = read.get("metric") ?? "";
  if (metrics.has(metric)) state.metric = metric;
  for (const name of FILTERS) {
    const value = read.get(name) ?? "";
    const isAll = value === ALL && SWEPT.some((each) => each === name);
    if (isAll || page.settings.some((setting) => String(setting[name]) === value)) state[name] = value;
  }
  state.query = read.get("query") ?? "";
  for (const name of ENGINES) state[name] = engineById(read.get(name));
  for (const name of SIDES) state[name] = sideFromText(read.get(name)) ?? state[name];
  state.penalty = read.get("penalty") !== "off";
  state.off = new Set(read.getAll("off").map(engineById).filter((engine) => engine !== null));
  state.theme = ["light", "dark"].find((theme) => theme === read.get("theme")) ?? "";
  state.open = cellById(read.get("cell"));
  return state;
}

/** What names a cell in an address. @type {(cell: number) => string} */
export function idOfCell(cell) {
  const { machine, workload, input, size, threads, memory_limit: limit, limit_bytes: bytes, clients } = settingOf(taskOf(cell));
  const own = [workload, queryOf(taskOf(cell)).name, page.engines[engineOf(cell)].id, input, size, threads, machine];
  return [...own, ...(bytes === null ? [] : [limit]), ...(Number(clients) ? [`${clients}c`] : [])].join("::");
}

/** @type {(id: string | null) => number | null} */
function cellById(id) {
  const at = id === null ? -1 : cells.task.findIndex((_, cell) => idOfCell(cell) === id);
  return at < 0 ? null : at;
}

/** Only what differs from the default is written. @type {(state: State) => string} */
export function hashFromState(state) {
  const written = new URLSearchParams();
  const initial = defaultState();
  /** @type {(Filter | "metric" | "query" | "theme")[]} */
  const texts = ["metric", ...FILTERS, "query", "theme"];
  for (const name of texts) if (state[name] !== initial[name]) written.set(name, state[name]);
  for (const name of ENGINES) {
    const engine = state[name];
    if (engine !== null) written.set(name, page.engines[engine].id);
  }
  for (const name of SIDES) {
    if (textFromSide(state[name]) !== textFromSide(initial[name])) written.set(name, textFromSide(state[name]));
  }
  if (!state.penalty) written.set("penalty", "off");
  for (const engine of state.off) written.append("off", page.engines[engine].id);
  if (state.open !== null) written.set("cell", idOfCell(state.open));
  return written.toString();
}
