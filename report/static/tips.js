// Shows a note beside the cell under the pointer or focus: its reason, or its figures.
import { engineOf, labelOf, outcomeOf, partOf, queryOf, reasonOf, roundsOf, taskOf, unitOf, valueOf } from "./data.js";
import { around, one } from "./elements.js";
import { current } from "./charts.js";
import { quieterNote } from "./details.js";
import { baselineOf } from "./model.js";
import { between, measured, standing } from "./wording.js";

const CELLS = "#matrices [data-cell]";
const tip = one("#tip");

/** @type {(cell: number, state: State) => string} */
export function tipText(cell, state) {
  const head = `${labelOf(engineOf(cell))}, ${queryOf(taskOf(cell)).name}: `;
  if (outcomeOf(cell).name !== "ok") return `${head}${outcomeOf(cell).text}. ${reasonOf(cell)}`;
  const value = valueOf(cell, state.metric);
  if (value === null) return `${head}not measured`;
  const [low, high] = [partOf(cell, state.metric, "low"), partOf(cell, state.metric, "high")];
  const spread = low === null || high === null ? "" : ` (${between(low, high, unitOf(state.metric))})`;
  const best = baselineOf(taskOf(cell), state);
  const stands = best === null || best === cell ? null : standing(cell, best, state.metric);
  const quieter = quieterNote(cell);
  return `${head}${measured(value, state.metric)}${spread}${stands === null ? "" : `; ${stands}`}. ${roundsOf(cell).length} rounds`
    + `${quieter === "" ? "" : `, ${quieter}`}; Enter or a click shows more.`;
}

/** @type {(button: HTMLElement) => void} */
function showTip(button) {
  tip.textContent = tipText(Number(button.dataset.cell), current.state);
  tip.hidden = false;
  button.setAttribute("aria-describedby", "tip");
  const [own, size] = [button.getBoundingClientRect(), tip.getBoundingClientRect()];
  const left = Math.min(Math.max(own.left, 8), document.documentElement.clientWidth - size.width - 8);
  const below = own.bottom + size.height + 12 < innerHeight;
  tip.style.left = `${left + scrollX}px`;
  tip.style.top = `${(below ? own.bottom + 6 : own.top - size.height - 6) + scrollY}px`;
}

/** @type {() => void} */
export function hideTip() {
  tip.hidden = true;
  document.querySelector("[aria-describedby=tip]")?.removeAttribute("aria-describedby");
}

/** @type {() => void} */
export function watchTips() {
  for (const [enter, leave] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
    document.addEventListener(enter, (event) => {
      const button = around(event, CELLS);
      if (button !== null) showTip(button);
    });
    document.addEventListener(leave, (event) => { if (around(event, CELLS)) hideTip(); });
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
}
