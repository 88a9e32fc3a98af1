// What is in view -> the kinds of work: each a workload in a setting, or in several where there are many.
import { cells, page, shortTitle } from "./data.js";
import { heatOf, nearnessOf, ranked } from "./model.js";
import { pickOf } from "./verdicts.js";

const MOST_KINDS = 12;

/** @type {(view: View) => Kind[]} */
export function kindsOf({ tasks }) {
  const bySetting = Map.groupBy(tasks, (task) => cells.task_setting[task]);
  const labels = [(/** @type {Setting} */ own) => own.label, (/** @type {Setting} */ own) => own.label.split(" · ")[0], () => ""];
  const grouped = labels.map((label) => Map.groupBy(bySetting.keys(), (at) => `${page.settings[at].workload}\n${label(page.settings[at])}`));
  const level = Math.max(grouped.findIndex(({ size }) => size <= MOST_KINDS), grouped[2].size > MOST_KINDS ? 2 : 0);
  return [...grouped[level].values()].map((settings) => ({
    settings, tasks: settings.flatMap((at) => bySetting.get(at) ?? []),
    title: shortTitle(page.settings[settings[0]]), label: labels[level](page.settings[settings[0]]),
  }));
}

/** The parts that all labels have, and a label without them. @type {(kinds: Kind[]) => { common: string, rest: (label: string) => string }} */
export function commonOf(kinds) {
  const parts = kinds.map(({ label }) => label.split(" · "));
  const common = (parts[0] ?? []).filter((part) => parts.every((own) => own.includes(part)));
  return { common: common.join(" · "), rest: (label) => label.split(" · ").filter((part) => !common.includes(part)).join(" · ") };
}

/** Each engine's mean on a kind of work, with the sign of the engine to use, and of the next where it is as good.
 * @type {(kind: Kind, view: View) => { pick: Picked | null, means: { engine: number, mean: Mean | null, mark: string }[] }} */
export function meansOf({ tasks }, view) {
  const pick = pickOf(tasks, view);
  const near = pick?.next ? { tie: "≈", unclear: "?", apart: "" }[nearnessOf(pick.next.ratio)] : "";
  return {
    pick, means: ranked(tasks, view.state, view.analysis).filter(({ total }) => total > 0).map(({ engine, mean }) => ({
      engine, mean, mark: engine === pick?.score.engine ? "★" : engine === pick?.next?.engine ? near : "",
    })),
  };
}

/** The two shares of a heat map's colour: of what is worse than the baseline, and of what is better.
 * @type {(ratio: number | null) => { "--heat": string, "--cool": string }} */
export function shadeOf(ratio) {
  const heat = heatOf(ratio);
  return { "--heat": Math.max(heat, 0).toFixed(3), "--cool": Math.max(-heat, 0).toFixed(3) };
}
