// Makes nodes of the page from names, properties and children. Text is never parsed as HTML.
import { labelOf } from "./data.js";

/** @typedef {{ data?: object, aria?: object, style?: object, [property: string]: any }} Properties */

/** Makes a node. `data` and `aria` hold attributes with these prefixes; other properties are the DOM's.
 * @type {(name: string, properties?: Properties, ...children: (Node | string | null)[]) => HTMLElement} */
export function element(name, { data = {}, aria = {}, style = {}, ...properties } = {}, ...children) {
  const node = document.createElement(name);
  Object.assign(node, properties);
  Object.assign(node.dataset, data);
  for (const [key, value] of Object.entries(aria)) node.setAttribute(`aria-${key}`, value);
  for (const [key, value] of Object.entries(style)) node.style.setProperty(key, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Text from results, kept apart from the direction of what stands around it. @type {(text: string) => HTMLElement} */
export const isolated = (text) => element("bdi", {}, text);

/** A name that may be broken after its underscores. @type {(name: string) => HTMLElement} */
export function breakable(name) {
  const parts = name.split(/(?<=_)/);
  return element("bdi", {}, ...parts.flatMap((part, at) => (at === 0 ? [part] : [element("wbr"), part])));
}

/** An engine's label in its colour. @type {(engine: number) => HTMLElement} */
export function engineName(engine) {
  return element("span", { className: "engine", style: { "--own": `var(--engine-${engine})` } }, isolated(labelOf(engine)));
}

/** A number's cell of a table. @type {(...children: (Node | string | null)[]) => HTMLElement} */
export const numberCell = (...children) => element("td", { className: "number" }, ...children);

/** The first node that a selector finds; there must be one. @type {(selector: string, root?: ParentNode) => HTMLElement} */
export function one(selector, root = document) {
  const found = /** @type {HTMLElement | null} */ (root.querySelector(selector));
  if (found === null) throw new Error(`the page has no ${selector}`);
  return found;
}

/** @type {(selector: string, root?: ParentNode) => HTMLElement[]} */
export function all(selector, root = document) {
  return [...root.querySelectorAll(selector)].map((node) => /** @type {HTMLElement} */ (node));
}

/** Writes a text into the node that has `data-` and the name. @type {(name: string, text: string) => void} */
export function say(name, text) {
  one(`[data-${name}]`).textContent = text;
}

/** The closest node around an event's target that a selector finds. @type {(event: Event, selector: string) => HTMLElement | null} */
export const around = (event, selector) => event.target instanceof Element ? event.target.closest(selector) : null;

/** Hands a file to the reader. @type {(name: string, content: Blob) => void} */
export function download(name, content) {
  const href = URL.createObjectURL(content);
  element("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
