"use strict";
// Names, properties and children -> nodes of the page. Text always enters as text.

/** Properties by their names in the DOM; `data` and `aria` hold attributes of those families. */
function element(name, { data = {}, aria = {}, style = {}, ...properties } = {}, ...children) {
  const node = document.createElement(name);
  Object.assign(node, properties);
  Object.assign(node.dataset, data);
  for (const [key, value] of Object.entries(aria)) node.setAttribute(`aria-${key}`, value);
  for (const [key, value] of Object.entries(style)) node.style.setProperty(key, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Text from results, kept apart from the direction of what stands around it. */
function isolated(text) {
  return element("bdi", {}, text);
}

/** A name that may be broken after its underscores. */
function breakable(name) {
  const parts = name.split("_");
  const last = parts.pop();
  return element("bdi", {}, ...parts.flatMap((part) => [`${part}_`, element("wbr")]), last);
}

function engineName(engine) {
  const node = element("span", { className: "engine" }, isolated(labelOf(engine)));
  node.style.setProperty("--own", `var(--engine-${engine})`);
  return node;
}

function all(selector, root = document) {
  return root.querySelectorAll(selector);
}
