// The rows of pictures, for report/page/script.py: no part of the page, which draws its matrix as a table.
import { cells, engineOf, page, queryOf, unitOf, valueOf } from "./data.js";
import { DEEP, cellsOf, heatOf, markOf, ranked, ratioOf, standingsOf, viewOf } from "./model.js";
import { chartRows, outcomeText } from "./rows.js";
import { defaultState } from "./state.js";
import { pickInWords, pickOf } from "./verdicts.js";
import { amount, times } from "./wording.js";

/** By the choices of its state. @type {Map<string, View>} */
const views = new Map();

/** What the page shows for some choices. @type {(choices: Partial<State>) => View} */
export function pictureView(choices) {
  const key = JSON.stringify(choices);
  const view = views.get(key) ?? viewOf({ ...defaultState(), ...choices });
  views.set(key, view);
  return view;
}

/** The rows of a chart as the page draws it. @type {(name: string, of: number, choices: Partial<State>) => Row[]} */
export const pictureRows = (name, of, choices) => ROWS[name](of, pictureView(choices));

/** The engine to use for a setting's tasks, and the sentences on it. @type {(setting: number, choices: Partial<State>) => string[]} */
export function pictureVerdict(setting, choices) {
  const view = pictureView(choices);
  const pick = pickOf(view.tasks.filter((task) => cells.task_setting[task] === setting), view);
  return pick === null ? [] : [page.engines[pick.score.engine].label, ...pickInWords(pick, view.state)];
}

/** @type {(ratio: number | null) => Row} */
function heat(ratio) {
  const share = heatOf(ratio);
  const ink = ratio === null ? "faint" : share > DEEP ? "heat-deep-ink" : "heat-ink";
  return { colour: `color-mix(in oklab, var(--heat-high) ${(100 * share).toFixed(1)}%, var(--heat-low))`, ink: `var(--${ink})` };
}

/** The queries of a setting by engines. @type {Rows} */
function matrixRows(setting, { tasks, state }) {
  return tasks.filter((task) => cells.task_setting[task] === setting).flatMap((task, place) => (
    cellsOf(task, state).map((cell) => {
      const [value, ratio] = [valueOf(cell, state.metric), ratioOf(cell, state)];
      const own = { query: queryOf(task).name, place, engine: page.engines[engineOf(cell)].label, column: engineOf(cell), ...heat(ratio) };
      if (value === null || ratio === null) return { ...own, kind: "missing", label: outcomeText(cell) };
      const mark = markOf(cell, standingsOf(task, state), state);
      return { ...own, kind: "value", label: `${amount(value, unitOf(state.metric))} · ${mark}${times(ratio)}` };
    })));
}

/** The settings by engines: mean ratios. @type {Rows} */
function kindRows(_, { tasks, state, analysis }) {
  return page.settings.flatMap((setting, place) => {
    const several = page.settings.filter(({ workload }) => workload === setting.workload).length > 1;
    const own = tasks.filter((task) => cells.task_setting[task] === place);
    return ranked(own, state, analysis).map(({ engine, mean }) => ({
      query: several ? `${setting.title} · ${setting.label}` : setting.title, place,
      engine: page.engines[engine].label, column: engine, ...heat(mean?.value ?? null),
      kind: mean === null ? "missing" : "value", label: mean === null ? "–" : times(mean.value),
    }));
  });
}

/** @type {Record<string, Rows>} */
const ROWS = { ...chartRows, matrix: matrixRows, kinds: kindRows };
