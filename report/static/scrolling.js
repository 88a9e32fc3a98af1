// Tables that are wider than their place -> a sign that there is more at the side.
import { all } from "./elements.js";

const places = new ResizeObserver((entries) => { for (const { target } of entries) mark(/** @type {HTMLElement} */ (target)); });

/** @type {(place: HTMLElement) => void} */
const mark = (place) => void place.parentElement?.classList.toggle("more", place.scrollLeft + place.clientWidth < place.scrollWidth - 2);

/** Watches the places of tables, also of those that come later. @type {() => void} */
export function watchScrolling() {
  const watch = () => all(".scroll").forEach((place) => places.observe(place));
  document.addEventListener("scroll", (event) => {
    if (event.target instanceof HTMLElement && event.target.classList.contains("scroll")) mark(event.target);
  }, { capture: true, passive: true });
  new MutationObserver(watch).observe(document.querySelector(".matrices") ?? document.body, { childList: true });
  watch();
}
