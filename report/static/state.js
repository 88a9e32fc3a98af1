"use strict";
// The page's address <-> what the reader chose. Unknown names in an address are ignored.

function defaultState() {
  const filters = Object.fromEntries(FILTERS.map((name) => [name, ""]));
  return {
    metric: page.metrics[0].name, baseline: null, penalty: true, off: new Set(),
    query: "", sort: null, theme: "", ...defaultSides(), ...filters,
  };
}

function engineById(id) {
  const index = page.engines.findIndex((engine) => engine.id === id);
  return index < 0 ? null : index;
}

function stateFromHash(hash) {
  const state = defaultState();
  const asked = new URLSearchParams(hash.replace(/^#/, ""));
  if (metrics.has(asked.get("metric"))) state.metric = asked.get("metric");
  for (const name of FILTERS) {
    const value = asked.get(name) ?? "";
    if (page.settings.some((setting) => String(setting[name]) === value)) state[name] = value;
  }
  state.query = asked.get("query") ?? "";
  state.baseline = engineById(asked.get("baseline"));
  state.sort = engineById(asked.get("sort"));
  for (const name of ["before", "after"]) state[name] = sideFromText(asked.get(name)) ?? state[name];
  state.penalty = asked.get("penalty") !== "off";
  state.off = new Set(asked.getAll("off").map(engineById).filter((index) => index !== null));
  if (["light", "dark"].includes(asked.get("theme"))) state.theme = asked.get("theme");
  return state;
}

/** Only what differs from the default is written. */
function hashFromState(state) {
  const written = new URLSearchParams();
  const initial = defaultState();
  for (const name of ["metric", ...FILTERS, "query", "theme"]) {
    if (state[name] !== initial[name]) written.set(name, state[name]);
  }
  for (const name of ["baseline", "sort"]) {
    if (state[name] !== null) written.set(name, page.engines[state[name]].id);
  }
  for (const name of ["before", "after"]) {
    if (textFromSide(state[name]) !== textFromSide(initial[name])) written.set(name, textFromSide(state[name]));
  }
  if (!state.penalty) written.set("penalty", "off");
  for (const engine of state.off) written.append("off", page.engines[engine].id);
  return written.toString();
}
