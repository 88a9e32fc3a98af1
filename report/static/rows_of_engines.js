// Makes the rows of the charts over all queries.
import { cells, coresOf, engineOf, labelOf, page, queryOf, settingOf, sum, valueOf } from "./data.js";
import { cellOf, cellsOf, enginesOf, timed } from "./model.js";
import { namesApart, namesBeside } from "./places.js";
import { amount, count, queries, seconds, times } from "./wording.js";

/** The most points of a chart of single cells: more would make it slow. */
const MOST_POINTS = 2000;
const THREADS_HEIGHT = 240;

/** How an engine's rows begin. @type {(engine: number) => Row} */
export const look = (engine) => ({ engine: labelOf(engine), colour: `var(--engine-${engine})`, place: engine });

/** Some of the tasks, evenly spread, that are drawn as points. @type {(tasks: number[]) => number[]} */
export function sampled(tasks) {
  const most = Math.max(1, Math.floor(MOST_POINTS / page.engines.length));
  const step = Math.max(1, Math.ceil(tasks.length / most));
  return tasks.filter((_, at) => at % step === 0);
}

/** @type {(cell: number) => Row} */
function pointOf(cell) {
  const task = cells.task[cell];
  return { ...look(engineOf(cell)), kind: "cell", query: queryOf(task).name, setting: settingOf(task).label };
}

/** @type {(values: number[]) => number} */
const geometric = (values) => Math.exp(sum(values.map(Math.log)) / values.length);

/** Points of single cells, and a mark for each engine at their geometric means; `place` gives x, y and label, or null.
 * @type {(view: View, place: (cell: number, task: number) => { x: number, y: number, label: string } | null, label: (mean: Row) => string) => { points: Row[], means: Row[] }} */
function pointsAndMeans({ state, tasks }, place, label) {
  /** @type {Row[]} */
  const points = sampled(tasks).flatMap((task) => cellsOf(task, state).flatMap((cell) => {
    const at = place(cell, task);
    return at !== null && at.x > 0 && at.y > 0 ? [{ ...pointOf(cell), ...at }] : [];
  }));
  const means = [...Map.groupBy(points, (point) => point.place).values()].map((own) => {
    const [x, y] = [geometric(own.map((point) => point.x)), geometric(own.map((point) => point.y))];
    return { ...own[0], kind: "mean", x, y, query: "geometric mean", setting: count(own.length, "cell"), label: label({ x, y }) };
  });
  return { points, means: namesBeside(means, points) };
}

/** The least value of some cells; infinite for none. @type {(own: number[], metric: string) => number} */
const leastValue = (own, metric) => Math.min(...own.map((cell) => cells[metric][cell]));

/** Time and memory over the least of the query, and the line of engines that none beats in both. @type {Rows} */
export function memoryRows(_, view) {
  const least = (/** @type {number} */ task, /** @type {string} */ metric) => leastValue(timed(task, view.state, metric), metric);
  const { points, means } = pointsAndMeans(view, (cell, task) => {
    const [time, memory] = [valueOf(cell, "median"), valueOf(cell, "peak")];
    const [fastest, leanest] = [least(task, "median"), least(task, "peak")];
    if (time === null || memory === null || fastest <= 0) return null;
    return { x: time / fastest, y: memory / leanest, label: `${seconds(time)} s, ${amount(memory, "MiB")} MiB` };
  }, ({ x, y }) => `${times(x)} time, ${times(y)} memory`);
  const beaten = (/** @type {Row} */ one) => means.some((other) => (
    other.x <= one.x && other.y <= one.y && (other.x < one.x || other.y < one.y)));
  const front = means.filter((mean) => !beaten(mean)).sort((one, other) => one.x - other.x);
  return [...points, ...means, ...front.map((mean) => ({ ...mean, kind: "front" }))];
}

/** The first run over the hot median, against that median; on the line both are equal. @type {Rows} */
export function coldRows(_, view) {
  const { points, means } = pointsAndMeans(view, (cell) => {
    const [hot, cold] = [valueOf(cell, "median"), valueOf(cell, "cold")];
    if (hot === null || cold === null) return null;
    return { x: hot, y: cold / hot, label: `hot ${seconds(hot)} s, cold ${seconds(cold)} s: ${times(cold / hot)}` };
  }, ({ y }) => `cold ${times(y)} of hot`);
  const ends = points.map(({ x }) => x);
  const equal = points.length === 0 ? [] : [Math.min(...ends), Math.max(...ends)];
  return [...points, ...means, ...equal.map((x) => ({ kind: "equal", x, y: 1 }))];
}

/** CPU seconds for each second of wall clock, of each cell and in the mean. @type {Rows} */
export function coreRows(_, { state, tasks }) {
  /** @type {Row[]} */
  const rows = sampled(tasks).flatMap((task) => timed(task, state, "median").flatMap((cell) => {
    const used = coresOf(cell);
    return used === null ? [] : [{ ...pointOf(cell), amount: used, threads: settingOf(task).threads, label: `${used.toFixed(1)} cores` }];
  }));
  const means = [...Map.groupBy(rows, (row) => row.place).values()].map((own) => {
    const mean = sum(own.map((row) => row.amount)) / own.length;
    return { ...own[0], kind: "mean", amount: mean, reach: Math.max(...own.map((row) => row.amount)),
      query: "mean", setting: count(own.length, "cell"), label: mean.toFixed(1) };
  });
  return [...rows, ...means];
}

/** Tasks that differ in nothing but one field of their setting. @type {(tasks: number[], field: "size" | "threads") => number[][]} */
export function families(tasks, field) {
  const key = (/** @type {number} */ task) => {
    const { machine, workload, size, input, threads } = settingOf(task);
    const where = field === "size" ? threads : size;
    return [cells.task_query[task], machine, workload, input, where].join("\n");
  };
  return [...Map.groupBy(tasks, key).values()].filter((own) => new Set(own.map((task) => settingOf(task)[field])).size > 1);
}

/** Speed over that with the fewest threads: the geometric mean over queries, by engine. @type {Rows} */
export function threadRows(_, { state, tasks }) {
  const gains = families(tasks, "threads").flatMap((own) => enginesOf(own, state).flatMap((engine) => gainsOf(engine, own)));
  /** @type {Row[]} */
  const rows = [...Map.groupBy(gains, ({ engine, base, threads }) => `${engine} ${base} ${threads}`).values()].map((own) => {
    const [{ engine, base, threads }, gain] = [own[0], geometric(own.map((each) => each.gain))];
    return { ...look(engine), threads, amount: gain, ideal: threads / base, dy: 0, label: `${times(gain)} over ${queries(own.length)}` };
  });
  const highest = Math.max(...rows.map((row) => Math.max(row.amount, row.ideal)));
  const last = [...Map.groupBy(rows, (row) => row.place).values()].map((own) => own.reduce((most, row) => (row.threads > most.threads ? row : most)));
  return [...rows.filter((row) => !last.includes(row)), ...namesApart(last, (row) => (row.amount / highest) * THREADS_HEIGHT)];
}

/** How many times as fast an engine is as with the fewest threads, for tasks that differ in threads only.
 * @type {(engine: number, family: number[]) => { engine: number, base: number, threads: number, gain: number }[]} */
function gainsOf(engine, family) {
  const own = family.flatMap((task) => {
    const cell = cellOf(task, engine);
    const time = cell === null ? null : valueOf(cell, "median");
    return time ? [{ threads: settingOf(task).threads, time }] : [];
  }).sort((one, other) => one.threads - other.threads);
  return own.length < 2 ? [] : own.map(({ threads, time }) => ({ engine, base: own[0].threads, threads, gain: own[0].time / time }));
}

/** The fastest engine without a GPU over the fastest on one, by size: above 1 the GPU is faster. @type {Rows} */
export function crossoverRows(_, { state, tasks }) {
  return tasks.flatMap((task) => {
    const own = timed(task, state, "median");
    const onGpu = (/** @type {number} */ cell) => page.engines[engineOf(cell)].gpu;
    const [gpu, cpu] = [own.filter(onGpu), own.filter((cell) => !onGpu(cell))].map((each) => leastValue(each, "median"));
    const { machine, workload, size, input, threads, table_rows: rows } = settingOf(task);
    if (gpu === Infinity || cpu === Infinity || !rows) return [];
    return [{ line: [machine, workload, input, threads, queryOf(task).name].join(), query: queryOf(task).name, workload, size, rows,
      amount: cpu / gpu, label: `CPU ${seconds(cpu)} s, GPU ${seconds(gpu)} s: ${times(cpu / gpu)}` }];
  });
}
