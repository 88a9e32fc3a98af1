// Unpacks the page's compressed blocks: typed arrays, or JSON (see report/page/blocks.py).
import { one } from "./elements.js";

const TYPES = { Float64Array, Float32Array, Int32Array };
/** @type {Promise<Texts> | null} */
let texts = null;

/** @type {(id: string) => Response} */
function unpacked(id) {
  const binary = atob(one(`#${id}`).textContent);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")));
}

/** A block's columns by their names. @type {(id: string) => Promise<Columns>} */
export async function numbersOf(id) {
  const buffer = await unpacked(id).arrayBuffer();
  /** @type {[string, keyof typeof TYPES, number][]} */
  const columns = JSON.parse(one(`#${id}`).dataset.columns ?? "[]");
  let offset = 0;
  return Object.fromEntries(columns.map(([name, type, length]) => {
    const end = offset + length * TYPES[type].BYTES_PER_ELEMENT;
    const values = new TYPES[type](buffer.slice(offset, end));
    offset = end;
    return [name, values];
  }));
}

/** SQL, plans and programs; unpacked when they are first needed. @type {() => Promise<Texts>} */
export function loadTexts() {
  texts ??= unpacked("texts").json();
  return texts;
}
