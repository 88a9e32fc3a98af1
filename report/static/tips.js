"use strict";
// A cell under the pointer or the focus -> a note beside it: its reason, or its figures.

const tip = document.getElementById("tip");

function tipText(cell, state) {
  const task = cells.task[cell];
  const head = `${labelOf(engineOf(cell))}, ${queryOf(task).name}: `;
  if (outcomeOf(cell).name !== "ok") return `${head}${outcomeOf(cell).text}. ${reasonOf(cell)}`;
  const value = valueOf(cell, state.metric);
  if (value === null) return `${head}not measured`;
  const [low, high] = ["low", "high"].map((part) => partOf(cell, state.metric, part));
  const { unit } = metrics.get(state.metric);
  const spread = low === null ? "" : ` (${amount(low, unit)}–${amount(high, unit)})`;
  const best = baselineOf(task, state);
  const stands = best === null || best === cell ? null : standing(cell, best, state.metric);
  const ratio = stands === null ? "" : `; ${stands}`;
  return `${head}${measured(value, state.metric)}${spread}${ratio}. ${secondsOf(cell).length} rounds${quieterNote(cell)}; Enter or a click shows more.`;
}

function showTip(button, state) {
  tip.textContent = tipText(Number(button.dataset.cell), state);
  tip.hidden = false;
  button.setAttribute("aria-describedby", "tip");
  const [own, size] = [button.getBoundingClientRect(), tip.getBoundingClientRect()];
  const left = Math.min(Math.max(own.left, 8), document.documentElement.clientWidth - size.width - 8);
  const below = own.bottom + size.height + 12 < innerHeight;
  tip.style.left = `${left + scrollX}px`;
  tip.style.top = `${(below ? own.bottom + 6 : own.top - size.height - 6) + scrollY}px`;
}

function hideTip() {
  tip.hidden = true;
  document.querySelector("[aria-describedby=tip]")?.removeAttribute("aria-describedby");
}

function watchTips(currentState) {
  for (const [enter, leave] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
    document.addEventListener(enter, (event) => {
      const button = event.target.closest?.("#matrices [data-cell]");
      if (button) showTip(button, currentState());
    });
    document.addEventListener(leave, (event) => {
      if (event.target.closest?.("#matrices [data-cell]")) hideTip();
    });
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
}
