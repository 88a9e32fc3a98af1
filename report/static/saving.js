// A chart or a table of the page -> a picture of its own, with title, versions, machine and date; and the command that
// measures it again.
import { cells, page, queryOf, settingOf, taskOf } from "./data.js";
import { all, around, download, element, one } from "./elements.js";
import { chartOf, current } from "./charts.js";
import { enginesOf } from "./model.js";

const MARGIN = 16;
const LINE = 17;
const DOTS = 2;
const FONT = "system-ui, sans-serif";
/** Pixels of a character of the smaller texts, about. */
const CHARACTER = 6.2;
/** And of a title's. */
const WIDE_CHARACTER = 9;
const MOST_NAMED = 12;
const menu = one("#saving");
/** What the menu is open for. @type {HTMLElement | null} */
let chosen = null;

/** A figure, or a table's place, with the button that opens the menu. @type {(node: HTMLElement) => HTMLElement} */
export function withTools(node) {
  const button = element("button", { type: "button", className: "tools", title: "Take this picture along", aria: { label: "Take this picture along" } }, "⤓");
  node.append(button);
  node.classList.add("tooled");
  return node;
}

/** @type {(text: string) => string} */
const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** Any CSS colour -> #rrggbb; null for a transparent one. @type {(colour: string) => string | null} */
function plainColour(colour) {
  const probe = element("span", { style: { color: colour } });
  document.body.append(probe);
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { width: 1, height: 1 }));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = getComputedStyle(probe).color;
  probe.remove();
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
  return alpha === 0 ? null : `#${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

/** The tasks that a figure shows. @type {(figure: HTMLElement) => number[]} */
function tasksIn(figure) {
  const { chart = "", of } = all("[data-chart]", figure)[0]?.dataset ?? {};
  const setting = figure.dataset.setting ?? (["times", "pair", "changes"].includes(chart) ? of : undefined);
  if (setting !== undefined) return current.tasks.filter((task) => cells.task_setting[task] === Number(setting));
  if (chart === "rounds") return [taskOf(Number(of))];
  return ["query", "scaling", "history"].includes(chart) ? [Number(of)] : current.tasks;
}

/** The command that measures some tasks again, with the engines in view. @type {(tasks: number[]) => string} */
export function commandFor(tasks) {
  const settings = tasks.map(settingOf);
  const distinct = (/** @type {(string | number)[]} */ values) => [...new Set(values)];
  const engines = distinct(enginesOf(tasks, current.state).map((engine) => page.engines[engine].name));
  const named = distinct(tasks.map((task) => `${settingOf(task).file}::${queryOf(task).name}`));
  const files = distinct(settings.map(({ file }) => file));
  const whole = page.queries.length === new Set(tasks.map((task) => cells.task_query[task])).size;
  const options = [["engines", engines], ["size", distinct(settings.map(({ size }) => size))],
    ["input", distinct(settings.map(({ input }) => input))], ["threads", distinct(settings.map(({ threads }) => threads))],
    ["memory-limit", distinct(settings.filter(({ limit_bytes: bytes }) => bytes !== null).map(({ memory_limit: limit }) => limit))],
    ["clients", distinct(settings.map(({ clients }) => clients).filter(Number))]];
  return ["pytest --benchmark", ...(whole || named.length > MOST_NAMED ? files : named).map(quoted),
    ...options.filter(([, values]) => values.length > 0).map(([name, values]) => `--${name} ${quoted(/** @type {string[]} */ (values).join(","))}`)].join(" ");
}

/** A word of a shell's command: no option, and without signs that a terminal obeys or that reverse the text around them.
 * @type {(word: string | number) => string} */
function quoted(word) {
  const text = String(word).replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, "\ufffd").replace(/^-/, "./-");
  return /^[\w./:,@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The texts around a picture; each line is of words that may have a colour's sign in front.
 * @type {(figure: HTMLElement) => { title: string, lines: { text: string, colour?: string }[][] }} */
function textsOf(figure) {
  const heading = figure.querySelector("h2, h3, figcaption") ?? figure.closest("section")?.querySelector("h2");
  const small = heading?.querySelector("small")?.textContent ?? "";
  const words = (/** @type {string} */ text) => text.replace(/\s+/g, " ").trim();
  const tasks = tasksIn(figure);
  const engines = enginesOf(tasks, current.state);
  const machines = all("header .where bdi").map(({ textContent }) => textContent);
  const metric = page.metrics.find(({ name }) => name === current.state.metric)?.label ?? "";
  return {
    title: words((heading?.textContent ?? "").replace(small, "")),
    lines: [
      engines.map((engine) => ({ text: `${page.engines[engine].name} ${page.engines[engine].version ?? ""}`.trim(), colour: `var(--engine-${engine})` })),
      ...[words(small), [metric, machines.join(", "), page.runs[0].label].join(" · "), commandFor(tasks)].map((line) => line.split(" ").map((text) => ({ text }))),
    ],
  };
}

/** Words in lines of at most so many characters, as the text of an SVG. @type {(words: { text: string, colour?: string }[], most: number) => string[]} */
function inWidth(words, most) {
  /** @type {string[]} */
  const lines = [];
  let left = 0;
  for (const { text, colour } of words) {
    const sign = colour === undefined ? "" : `<tspan fill="${plainColour(colour)}">■</tspan> `;
    const length = text.length + (sign === "" ? 1 : 5);
    if (lines.length === 0 || length > left) {
      lines.push("");
      left = most;
    }
    lines[lines.length - 1] += `${sign}${escaped(text)} ${sign === "" ? "" : "\u2002"}`;
    left -= length;
  }
  return lines;
}

/** A figure as an SVG of its own. @type {(figure: HTMLElement) => Promise<{ svg: string, width: number, height: number, name: string }>} */
export async function pictureOf(figure) {
  const { title, lines } = textsOf(figure);
  const { inner, width: own, height: high } = await innerOf(figure);
  const width = Math.max(own, 480) + 2 * MARGIN;
  const wrapped = lines.flatMap((line) => inWidth(line, (width - 2 * MARGIN) / CHARACTER));
  const height = high + 3 * MARGIN + LINE * (wrapped.length + 1);
  const ink = plainColour("var(--ink)");
  const text = (/** @type {string} */ words, /** @type {number} */ y, /** @type {string} */ style) => `<text x="${MARGIN}" y="${y}" ${style}>${words}</text>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${FONT}">`
    + `<rect width="${width}" height="${height}" fill="${plainColour("var(--page)")}"/>`
    + text(escaped(title), MARGIN + 12, `font-size="15" font-weight="600" fill="${ink}" ${title.length * WIDE_CHARACTER > width ? `textLength="${width - 2 * MARGIN}" lengthAdjust="spacingAndGlyphs"` : ""}`)
    + `<g transform="translate(${MARGIN},${MARGIN + LINE + 8})">${inner}</g>`
    + wrapped.map((line, at) => text(line, MARGIN * 2 + LINE + high + LINE * at + 12, `font-size="11" fill="${plainColour("var(--faint)")}"`)).join("")
    + "</svg>";
  return { svg, width, height, name: title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 60) || "picture" };
}

/** @type {(figure: HTMLElement) => Promise<{ inner: string, width: number, height: number }>} */
async function innerOf(figure) {
  const place = /** @type {HTMLElement | null} */ (figure.querySelector("[data-chart]"));
  if (place === null) return drawnTable(one("table", figure));
  const chart = await chartOf(place);
  const text = chart === null ? "<svg/>" : await chart.view.toSVG();
  const [, width, height] = (text.match(/width="([\d.]+)" height="([\d.]+)"/) ?? [0, 480, 0]).map(Number);
  return { inner: text.replace(/(?:var|color-mix)\((?:[^()]|\([^()]*\))*\)/g, (/** @type {string} */ colour) => plainColour(colour) ?? "none"), width, height };
}

/** A table as shapes: its cells' backgrounds, and each word where it stands. @type {(table: HTMLElement) => { inner: string, width: number, height: number }} */
function drawnTable(table) {
  const frame = table.getBoundingClientRect();
  const box = (/** @type {DOMRect} */ { x, y, width, height }) => `x="${(x - frame.x).toFixed(1)}" y="${(y - frame.y).toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}"`;
  const rects = all("th, td", table).flatMap((cell) => {
    const fill = plainColour(getComputedStyle(cell).backgroundColor);
    const edge = cell.matches(".best") ? ` stroke="${plainColour("var(--ink)")}" stroke-width="1.5"` : "";
    return fill === null ? [] : [`<rect ${box(cell.getBoundingClientRect())} fill="${fill}"${edge}/>`];
  });
  const marks = all(".engine", table).map((name) => {
    const { x, y, height } = name.getBoundingClientRect();
    return `<rect x="${(x - frame.x).toFixed(1)}" y="${(y - frame.y + height / 2 - 4).toFixed(1)}" width="8" height="8" fill="${plainColour(name.style.getPropertyValue("--own"))}"/>`;
  });
  return { inner: [...rects, ...marks, ...wordsIn(table, frame)].join(""), width: frame.width, height: frame.height };
}

/** @type {(table: HTMLElement, frame: DOMRect) => string[]} */
function wordsIn(table, frame) {
  const found = [];
  const walker = document.createTreeWalker(table, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const parent = /** @type {HTMLElement} */ (node.parentElement);
    if (parent.closest(".unseen") !== null) continue;
    const { fontSize, fontWeight, color } = getComputedStyle(parent);
    for (const { 0: word, index } of (node.textContent ?? "").matchAll(/\S+/g)) {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const { x, bottom, height } = range.getBoundingClientRect();
      found.push(`<text x="${(x - frame.x).toFixed(1)}" y="${(bottom - frame.y - 0.24 * height).toFixed(1)}" font-size="${fontSize}" font-weight="${fontWeight}" fill="${plainColour(color)}">${escaped(word)}</text>`);
    }
  }
  return found;
}

/** @type {(picture: { svg: string, width: number, height: number }) => Promise<Blob>} */
async function asPng({ svg, width, height }) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { width: width * DOTS, height: height * DOTS }));
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done, fail) => canvas.toBlob((blob) => (blob === null ? fail(new Error("no picture")) : done(blob))));
}

/** What the menu's buttons do; each returns what to say. @type {Record<string, (figure: HTMLElement) => Promise<string>>} */
const ACTIONS = {
  PNG: async (figure) => {
    const picture = await pictureOf(figure);
    download(`${picture.name}.png`, await asPng(picture));
    return "saved";
  },
  SVG: async (figure) => {
    const { svg, name } = await pictureOf(figure);
    download(`${name}.svg`, new Blob([svg], { type: "image/svg+xml" }));
    return "saved";
  },
  "Copy picture": async (figure) => {
    const picture = await pictureOf(figure);
    await navigator.clipboard.write([new ClipboardItem({ "image/png": asPng(picture) })]);
    return "copied";
  },
  "Copy command": async (figure) => {
    await navigator.clipboard.writeText(commandFor(tasksIn(figure)));
    return "copied";
  },
};

/** @type {(button: HTMLElement) => void} */
function openMenu(button) {
  chosen = /** @type {HTMLElement} */ (button.closest(".tooled"));
  menu.replaceChildren(
    element("p", { className: "buttons" }, ...Object.keys(ACTIONS).map((name) => element("button", { type: "button", data: { action: name } }, name))),
    element("p", { className: "note" }, "This measures it again: ", element("code", {}, commandFor(tasksIn(chosen)))),
    element("p", { className: "note", role: "status" }));
  (button.closest("dialog") ?? document.body).append(menu);
  const { right, bottom } = button.getBoundingClientRect();
  menu.style.top = `${Math.min(bottom + 4, innerHeight - 160)}px`;
  menu.style.left = `${Math.max(right - 352, 8)}px`;
  menu.showPopover();
}

document.addEventListener("click", async (event) => {
  const [button, action] = [around(event, "button.tools"), around(event, "[data-action]")];
  if (button !== null) openMenu(button);
  if (action === null || chosen === null) return;
  const told = await ACTIONS[action.dataset.action ?? ""](chosen).catch(() => "the browser does not allow it here");
  one("[role=status]", menu).textContent = `${action.textContent}: ${told}.`;
});
