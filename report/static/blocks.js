"use strict";
// The page's compressed blocks -> typed arrays, or the JSON that they hold (see blocks.py).

async function unpack(id) {
  const binary = atob(document.getElementById(id).textContent);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")));
}

async function unpackNumbers(id) {
  const buffer = await (await unpack(id)).arrayBuffer();
  const columns = JSON.parse(document.getElementById(id).dataset.columns);
  let offset = 0;
  return Object.fromEntries(columns.map(([name, type, length]) => {
    const Type = globalThis[type];
    const end = offset + length * Type.BYTES_PER_ELEMENT;
    const values = new Type(buffer.slice(offset, end));
    offset = end;
    return [name, values];
  }));
}

async function unpackText(id) {
  return (await unpack(id)).json();
}
