// Places the names in a chart so that none covers another. Positions are in pixels.

const NAME_SIDES = [
  { dx: 0, dy: -13, align: "center" }, { dx: 0, dy: 15, align: "center" },
  { dx: 11, dy: 1, align: "left" }, { dx: -11, dy: 1, align: "right" },
  { dx: 9, dy: -18, align: "left" }, { dx: -9, dy: -18, align: "right" },
  { dx: 9, dy: 20, align: "left" }, { dx: -9, dy: 20, align: "right" },
];
/** The size of a chart on a wide page; the lengths of names are estimates. */
const PLOT = { width: 480, height: 230, letter: 7.5, line: 15, mark: 7 };
const NAME_HEIGHT = 13;

/** @typedef {{ left: number, right: number, top: number, bottom: number }} Box */

/** Puts each name on the first side of its mark where it covers no name or mark; axes are logarithmic.
 * @type {(marks: Row[], points: Row[]) => Row[]} */
export function namesBeside(marks, points) {
  const [across, up] = [onAxis(points, "x", PLOT.width), onAxis(points, "y", PLOT.height)];
  const boxes = marks.map((mark) => boxAt(across(mark), -up(mark), 2 * PLOT.mark, 2 * PLOT.mark, "center"));
  /** @type {Box[]} */
  const taken = [];
  return marks.map((mark, own) => {
    const name = (/** @type {typeof NAME_SIDES[0]} */ side) => (
      boxAt(across(mark) + side.dx, -up(mark) + side.dy, PLOT.letter * mark.engine.length, PLOT.line, side.align));
    const others = [...taken, ...boxes.filter((_, at) => at !== own)];
    const side = NAME_SIDES.find((each) => !others.some((other) => overlap(name(each), other))) ?? NAME_SIDES[0];
    taken.push(name(side));
    return { ...mark, ...side };
  });
}

/** A row -> its place on a logarithmic axis over all rows. @type {(rows: Row[], field: string, pixels: number) => (row: Row) => number} */
export function onAxis(rows, field, pixels) {
  const logs = rows.map((row) => Math.log(row[field]));
  const low = logs.reduce((least, log) => Math.min(least, log), Infinity);
  const high = logs.reduce((most, log) => Math.max(most, log), -Infinity);
  return (row) => ((Math.log(row[field]) - low) / Math.max(high - low, 1e-9)) * pixels;
}

/** @type {(x: number, y: number, width: number, height: number, align: string) => Box} */
function boxAt(x, y, width, height, align) {
  const left = x - (align === "center" ? width / 2 : align === "right" ? width : 0);
  return { left, right: left + width, top: y - height / 2, bottom: y + height / 2 };
}

/** @type {(one: Box, other: Box) => boolean} */
function overlap(one, other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

/** Gives each row the `dy` that keeps its name, at its right, from covering another's. @type {(rows: Row[], place: (row: Row) => number) => Row[]} */
export function namesApart(rows, place) {
  let free = -Infinity;
  const before = (/** @type {Row} */ one, /** @type {Row} */ other) => (
    Math.round(place(one)) - Math.round(place(other)) || (one.engine < other.engine ? -1 : 1));
  return [...rows].sort(before).map((row) => {
    const at = Math.max(place(row), free);
    free = at + NAME_HEIGHT;
    return { ...row, dy: place(row) - at };
  });
}
