// Marks the words of a program's text by kind; the nodes' texts together are the program's text.
import { element } from "./elements.js";

/** @typedef {"python" | "sql"} Language */

const WORDS = {
  python: "and as assert break class continue def del elif else except finally for from global if "
    + "import in is lambda None not or pass raise return True False try while with yield",
  sql: "all and any as asc between by case cast coalesce count cross date desc distinct else end "
    + "except exists extract false filter following from full group grouping having in inner "
    + "intersect interval is join last left like limit not null nulls on or order outer over "
    + "partition preceding range recursive right rollup row rows select sets substring then true "
    + "unbounded union using values when where window with within",
};
// An unclosed string or comment extends to the end: a pattern that failed there would search the rest
// again from every later place.
const COMMENTS = { python: "#.*", sql: "--.*|/\\*[\\s\\S]*?(?:\\*/|$)" };
const STRINGS = {
  python: "[rbfRBF]{0,2}(?:\"\"\"[\\s\\S]*?(?:\"\"\"|$)|'''[\\s\\S]*?(?:'''|$)"
    + "|\"(?:\\\\[\\s\\S]|[^\"\\\\\\n])*\"?|'(?:\\\\[\\s\\S]|[^'\\\\\\n])*'?)",
  sql: "'(?:''|[^'])*'?",
};

/** @type {(language: Language) => RegExp} */
function grammar(language) {
  const words = WORDS[language].split(" ").join("|");
  const parts = [
    `(?<c>${COMMENTS[language]})`, `(?<s>${STRINGS[language]})`, `(?<k>\\b(?:${words})\\b)`,
    "(?<m>\\b\\d[\\d_]*(?:\\.\\d+)?(?:[eE][+-]?\\d+)?\\b)", "(?<f>\\b[A-Za-z_]\\w*(?=\\())", "\\w+",
  ];
  return new RegExp(parts.join("|"), language === "sql" ? "gi" : "g");
}

/** @type {(text: string, language: Language) => (Node | string)[]} */
export function highlighted(text, language) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(grammar(language))) {
    const kind = Object.entries(match.groups ?? {}).find(([, own]) => own !== undefined)?.[0];
    if (kind === undefined) continue;
    nodes.push(text.slice(end, match.index), element("i", { className: kind }, match[0]));
    end = match.index + match[0].length;
  }
  return [...nodes, text.slice(end)];
}
