// The tasks in view -> a chart of each setting: all queries by time, and the gains of a pair of engines.
import { cells, page, settingOf } from "./data.js";
import { all, element, engineName, isolated, one, say } from "./elements.js";
import { forgetFigures, watchFigures } from "./charts.js";
import { enginesOf } from "./model.js";
import { enginesOfPair, pairInWords } from "./pairs.js";
import { MOST_LINES } from "./rows.js";
import { withTools } from "./saving.js";

const MOST_SETTINGS = 24;

/** @type {(view: View) => void} */
export function showQueries({ tasks, state }) {
  one("[data-legend]").replaceChildren(...enginesOf(tasks, state).map(engineName));
  const bySetting = Map.groupBy(tasks, (task) => cells.task_setting[task]);
  const settings = [...bySetting.keys()].slice(0, MOST_SETTINGS);
  const long = settings.some((at) => (bySetting.get(at)?.length ?? 0) > MOST_LINES);
  const few = [
    bySetting.size > MOST_SETTINGS ? `The first ${MOST_SETTINGS} of ${bySetting.size} settings.` : "",
    long ? `The first ${MOST_LINES} queries of each.` : "",
  ].filter(Boolean);
  say("few", few.length > 0 ? `${few.join(" ")} The tables have all.` : "");
  placeFigures(one(".queries"), "times", settings, bySetting);
}

/** @type {(view: View) => void} */
export function showPair(view) {
  const place = document.querySelector(".pairs");
  if (place === null) return;
  const pair = enginesOfPair(view);
  for (const [name, engine] of Object.entries(pair ?? {})) {
    /** @type {HTMLSelectElement} */ (one(`[name=${name}]`)).value = page.engines[engine].id;
  }
  say("pair", pairInWords(view));
  const bySetting = Map.groupBy(view.tasks, (task) => cells.task_setting[task]);
  placeFigures(/** @type {HTMLElement} */ (place), "pair", pair === null ? [] : [...bySetting.keys()].slice(0, MOST_SETTINGS), bySetting);
}

/** Figures of the settings, made anew where these have changed. @type {(place: HTMLElement, chart: string, settings: number[], tasks: Map<number, number[]>) => void} */
function placeFigures(place, chart, settings, tasks) {
  if (place.dataset.settings === settings.join()) return;
  forgetFigures(all("[data-chart]", place));
  place.dataset.settings = settings.join();
  place.replaceChildren(...settings.map((setting) => {
    const { title, label } = settingOf(tasks.get(setting)?.[0] ?? 0);
    return withTools(element("figure", { data: { place: "" } },
      element("figcaption", {}, element("h3", {}, isolated(title), " ", element("small", {}, isolated(label)))),
      element("div", { className: "chart many", data: { chart, of: setting }, role: "group", ariaLabel: `${chart === "times" ? "All queries" : "Gains"}: ${title}, ${label}` })));
  }));
  watchFigures(all("[data-chart]", place));
}
