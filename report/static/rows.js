"use strict";
// The tasks in view -> the rows of each chart in charts.py, by the chart's name.

const chartRows = {
  ranking: rankingRows, query: queryRows, rounds: roundRows, scaling: scalingRows,
  memory: memoryRows, cold: coldRows, cores: coreRows, threads: threadRows, crossover: crossoverRows,
  history: historyRows, changes: changeRows,
};

/** Whether a view can give a chart rows, where that does not go without saying. */
const chartNeeds = {
  threads: ({ tasks }) => families(tasks, "threads").length > 0,
  crossover: (current) => page.engines.some((engine) => engine.gpu) && crossoverRows(null, current.state, current).length > 0,
};

const MOST_POINTS = 2000;
const MOST_DOTS = 30;

function engineLook(engine) {
  return { engine: labelOf(engine), colour: `var(--engine-${engine})`, place: engine };
}

function rankingRows(_, state, { scores }) {
  return scores.filter((score) => score.mean !== null).map((score, place) => ({
    ...engineLook(score.engine), place,
    ratio: score.mean.value, low: score.mean.low ?? score.mean.value, high: score.mean.high ?? score.mean.value,
    reach: Math.max(score.mean.value, score.mean.high ?? 0),
    label: times(score.mean.value) + (score.ok < score.asked ? ` · ${score.ok} of ${score.asked} cells` : ""),
    note: `${score.ok} of ${score.asked}`,
  }));
}

function queryRows(figure, state) {
  const task = Number(figure.dataset.of);
  return cellsOf(task, state).flatMap((cell) => {
    const look = engineLook(engineOf(cell));
    return valueOf(cell, state.metric) === null
      ? [missingRow(cell, look)] : [valueRow(task, cell, look, state), ...pointRows(cell, look, state)];
  });
}

function missingRow(cell, look) {
  const { name, text } = outcomeOf(cell);
  return { ...look, kind: "missing", label: name === "ok" ? "not measured" : text, note: reasonOf(cell) };
}

function valueRow(task, cell, look, state) {
  const { unit } = metrics.get(state.metric);
  const value = valueOf(cell, state.metric);
  const [low, high] = ["low", "high"].map((part) => partOf(cell, state.metric, part));
  const ratio = ratioOf(task, cell, state);
  const reach = Math.max(value, high ?? 0, ...drawnRounds(cell, state).map(([, each]) => each));
  const note = low === null ? "none: too few rounds or a single value"
    : `${amount(low, unit)}–${amount(high, unit)} ${unit}`;
  return {
    ...look, kind: "value", note, amount: scaled(value, unit), reach: scaled(reach, unit),
    low: scaled(low ?? value, unit), high: scaled(high ?? value, unit),
    label: `${measured(value, state.metric)}${ratio === null ? "" : ` · ${times(ratio)}`}`,
  };
}

function pointRows(cell, look, state) {
  return drawnRounds(cell, state).map(([name, value], index) => ({
    ...look, kind: "round", amount: value, jitter: (((index * 5) % 7) - 3) / 3, label: `${name}: ${seconds(value)} s`,
  }));
}

/** The rounds that stand for all: each of a few; of many, as many quantiles, evenly spaced. */
function drawnRounds(cell, state) {
  const all = Array.from(roundsOf(cell, state.metric));
  if (all.length <= MOST_DOTS) return all.map((value, index) => [String(index + 1), value]);
  const ordered = all.sort((one, other) => one - other);
  return Array.from({ length: MOST_DOTS }, (_, index) => {
    const rank = Math.floor((index + 0.5) * ordered.length / MOST_DOTS);
    return [`${rank + 1} of ${ordered.length} by time`, ordered[rank]];
  });
}

/** One cell's rounds in the order run, with its cold run as round 0. */
function roundRows(figure) {
  const cell = Number(figure.dataset.of);
  const look = engineLook(engineOf(cell));
  const [middleValue, low, high] = [valueOf(cell, "median"), partOf(cell, "median", "low"), partOf(cell, "median", "high")];
  const spread = { median: middleValue, low: low ?? middleValue, high: high ?? middleValue };
  const hot = Array.from(secondsOf(cell), (value, at) => ({
    ...look, ...spread, kind: "hot", round: at + 1, amount: value, label: `${seconds(value)} s`,
  }));
  const cold = valueOf(cell, "cold");
  return cold === null ? hot
    : [{ ...look, ...spread, kind: "cold", round: 0, amount: cold, label: `${seconds(cold)} s, cold` }, ...hot];
}

/** At most so many of the tasks, evenly spread, that charts of single cells stay quick. */
function sampled(tasks) {
  const most = Math.max(1, Math.floor(MOST_POINTS / page.engines.length));
  const step = Math.ceil(tasks.length / most);
  return step <= 1 ? tasks : tasks.filter((_, at) => at % step === 0);
}

function describe(cell) {
  const { name } = queryOf(cells.task[cell]);
  return { query: name, setting: settingOf(cells.task[cell]).label };
}

/** Points of single cells, and a mark for each engine at their geometric means. */
function pointsAndMeans(tasks, state, place) {
  const points = [];
  const sums = new Map();
  for (const task of tasks) {
    for (const cell of cellsOf(task, state)) {
      const at = place(cell, task);
      if (at === null || !(at.x > 0) || !(at.y > 0)) continue;
      points.push({ ...engineLook(engineOf(cell)), ...describe(cell), ...at, kind: "cell" });
      const sum = sums.get(engineOf(cell)) ?? { count: 0, x: 0, y: 0 };
      sums.set(engineOf(cell), { count: sum.count + 1, x: sum.x + Math.log(at.x), y: sum.y + Math.log(at.y) });
    }
  }
  const means = [...sums].map(([engine, sum]) => ({
    ...engineLook(engine), kind: "mean", x: Math.exp(sum.x / sum.count), y: Math.exp(sum.y / sum.count),
    query: "geometric mean", setting: count(sum.count, "cell"),
  }));
  return { points, means: apart(means, points) };
}

const SIDES = [
  { dx: 0, dy: -13, align: "center" }, { dx: 0, dy: 15, align: "center" },
  { dx: 11, dy: 1, align: "left" }, { dx: -11, dy: 1, align: "right" },
  { dx: 9, dy: -18, align: "left" }, { dx: -9, dy: -18, align: "right" },
  { dx: 9, dy: 20, align: "left" }, { dx: -9, dy: 20, align: "right" },
];
const PLOT = { width: 480, height: 230, letter: 7.5, line: 15, mark: 7 };

/** Puts each mean's name on the first side of its mark where it covers no other name or mark. */
function apart(means, points) {
  const [across, up] = [onAxis(points, "x", PLOT.width), onAxis(points, "y", PLOT.height)];
  const marks = means.map((mean) => box(across(mean), -up(mean), 2 * PLOT.mark, 2 * PLOT.mark, "center"));
  const taken = [];
  return means.map((mean, own) => {
    const name = (side) => box(across(mean) + side.dx, -up(mean) + side.dy, PLOT.letter * mean.engine.length, PLOT.line, side.align);
    const others = [...taken, ...marks.filter((_, at) => at !== own)];
    const side = SIDES.find((each) => !others.some((other) => overlap(name(each), other))) ?? SIDES[0];
    taken.push(name(side));
    return { ...mean, ...side };
  });
}

/** A row -> its place in pixels on a logarithmic axis over all points. */
function onAxis(points, axis, pixels) {
  const logs = points.map((point) => Math.log(point[axis]));
  const low = logs.reduce((least, log) => Math.min(least, log), Infinity);
  const high = logs.reduce((most, log) => Math.max(most, log), -Infinity);
  return (row) => ((Math.log(row[axis]) - low) / Math.max(high - low, 1e-9)) * pixels;
}

function box(x, y, width, height, align) {
  const left = x - { left: 0, center: width / 2, right: width }[align];
  return { left, right: left + width, top: y - height / 2, bottom: y + height / 2 };
}

function overlap(one, other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

function leastOf(task, state, metric) {
  const values = cellsOf(task, state).map((cell) => valueOf(cell, metric)).filter((value) => value !== null);
  return values.length > 0 ? Math.min(...values) : null;
}

/** Time and memory over the least of the query, and the line of engines that none beats in both. */
function memoryRows(_, state, { tasks }) {
  const { points, means } = pointsAndMeans(sampled(tasks), state, (cell, task) => {
    const [time, memory] = [valueOf(cell, "median"), valueOf(cell, "peak")];
    const [fastest, leanest] = [leastOf(task, state, "median"), leastOf(task, state, "peak")];
    if (time === null || memory === null || fastest <= 0) return null;
    return { x: time / fastest, y: memory / leanest, label: `${seconds(time)} s, ${amount(memory, "MiB")} MiB` };
  });
  for (const mean of means) mean.label = `${times(mean.x)} time, ${times(mean.y)} memory`;
  return [...points, ...means, ...paretoRows(means)];
}

function paretoRows(means) {
  const front = means.filter((one) => !means.some((other) => (
    other.x <= one.x && other.y <= one.y && (other.x < one.x || other.y < one.y))));
  return front.sort((one, other) => one.x - other.x).map((row) => ({ ...row, kind: "front" }));
}

function coldRows(_, state, { tasks }) {
  const { points, means } = pointsAndMeans(sampled(tasks), state, (cell) => {
    const [hot, cold] = [valueOf(cell, "median"), valueOf(cell, "cold")];
    if (hot === null || cold === null) return null;
    return { x: hot, y: cold / hot, label: `hot ${seconds(hot)} s, cold ${seconds(cold)} s: ${times(cold / hot)}` };
  });
  for (const mean of means) mean.label = `cold ${times(mean.y)} of hot`;
  if (points.length === 0) return [];
  const ends = points.map(({ x }) => x);
  const equal = [Math.min(...ends), Math.max(...ends)].map((x) => ({ kind: "equal", x, y: 1 }));
  return [...points, ...means, ...equal];
}

function coreRows(_, state, { tasks }) {
  const rows = sampled(tasks).flatMap((task) => timedCells(task, state).map((cell) => {
    const used = coresOf(cell);
    return { ...engineLook(engineOf(cell)), ...describe(cell), kind: "cell", amount: used,
      threads: settingOf(task).threads, label: used === null ? "" : `${used.toFixed(1)} cores` };
  })).filter((row) => row.amount !== null);
  const byEngine = Map.groupBy(rows, (row) => row.engine);
  const means = [...byEngine.values()].map((own) => {
    const mean = own.reduce((sum, row) => sum + row.amount, 0) / own.length;
    return { ...own[0], kind: "mean", amount: mean, reach: Math.max(...own.map((row) => row.amount)),
      query: "mean", setting: count(own.length, "cell"), label: mean.toFixed(1) };
  });
  return [...rows, ...means];
}

function timedCells(task, state) {
  return cellsOf(task, state).filter((cell) => valueOf(cell, "median") !== null);
}

/** Tasks that differ in nothing but one field of their setting. */
function families(tasks, field) {
  const others = ["machine", "workload", "size", "input", "threads"].filter((name) => name !== field);
  const key = (task) => [cells.task_query[task], ...others.map((name) => settingOf(task)[name])].join("\n");
  return [...Map.groupBy(tasks, key).values()]
    .filter((own) => new Set(own.map((task) => settingOf(task)[field])).size > 1);
}

/** Speed over that with the fewest threads: the geometric mean over queries, by engine. */
function threadRows(_, state, { tasks }) {
  const means = new Map();
  for (const family of families(tasks, "threads")) {
    const own = [...family].sort((one, other) => settingOf(one).threads - settingOf(other).threads);
    for (const engine of enginesOf(own, state)) addSpeedUps(means, engine, own);
  }
  const rows = [...means.values()].map(({ engine, threads, base, logs }) => {
    const gain = Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
    return { ...engineLook(engine), threads, amount: gain, ideal: threads / base, dy: 0,
      label: `${times(gain)} over ${count(logs.length, "query", "queries")}` };
  });
  const highest = Math.max(...rows.map(({ amount: gain, ideal }) => Math.max(gain, ideal)));
  const last = [...Map.groupBy(rows, (row) => row.engine).values()].map((own) => own.reduce((most, row) => (row.threads > most.threads ? row : most)));
  spreadNames(last, (row) => (row.amount / highest) * THREADS_HEIGHT);
  return rows;
}

const [THREADS_HEIGHT, SCALING_HEIGHT, NAME_HEIGHT] = [240, 160, 13];

/** Gives each row the `dy` that keeps its name from covering another's; `place` is in pixels upwards. */
function spreadNames(rows, place) {
  let free = -Infinity;
  const before = (one, other) => Math.round(place(one)) - Math.round(place(other)) || (one.engine < other.engine ? -1 : 1);
  for (const row of [...rows].sort(before)) {
    const at = Math.max(place(row), free);
    row.dy = place(row) - at;
    free = at + NAME_HEIGHT;
  }
  return rows;
}

function addSpeedUps(means, engine, family) {
  const withTime = family.map((task) => [task, cellOf(task, engine)])
    .filter(([, cell]) => cell !== null && valueOf(cell, "median") > 0);
  if (withTime.length < 2) return;
  const [first, base] = [valueOf(withTime[0][1], "median"), settingOf(withTime[0][0]).threads];
  for (const [task, cell] of withTime) {
    const { threads } = settingOf(task);
    const key = `${engine} ${base} ${threads}`;
    if (!means.has(key)) means.set(key, { engine, threads, base, logs: [] });
    means.get(key).logs.push(Math.log(first / valueOf(cell, "median")));
  }
}

/** One query over several sizes; a cell without a value is a cross at the upper edge. */
function scalingRows(figure, state, { tasks }) {
  const own = Number(figure.dataset.of);
  const family = families(tasks, "size").find((each) => each.includes(own)) ?? [];
  const { unit } = metrics.get(state.metric);
  const rows = family.flatMap((task) => cellsOf(task, state).map((cell) => {
    const value = valueOf(cell, state.metric);
    return { ...engineLook(engineOf(cell)), size: settingOf(task).size, rows: settingOf(task).table_rows, order: cells.task_setting[task],
      kind: value === null ? "missing" : "value", amount: scaled(value, unit),
      label: value === null ? `${outcomeOf(cell).text}: ${reasonOf(cell)}` : measured(value, state.metric) };
  }));
  return rows.every((row) => row.rows > 0) ? withSlopes(rows) : [];
}

/** The slope b of time = a · rows^b, by least squares on the logarithms, with the last point. */
function withSlopes(rows) {
  const values = rows.filter((row) => row.kind === "value" && row.amount > 0);
  const ends = [...Map.groupBy(values, (row) => row.engine).values()].map((own) => {
    const last = own.reduce((most, row) => (row.order > most.order ? row : most));
    const slope = slopeOf(own);
    return { ...last, kind: "end", label: slope === null ? last.engine : `${last.engine}, slope ${slope.toFixed(2)}` };
  });
  const logs = values.map((row) => Math.log(row.amount));
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  spreadNames(ends, (row) => ((Math.log(row.amount) - low) / Math.max(high - low, 1e-9)) * SCALING_HEIGHT);
  return [...rows.map((row) => (row.kind === "missing" ? { ...row, amount: null } : row)), ...ends];
}

function slopeOf(rows) {
  if (rows.length < 2 || rows.some((row) => !(row.rows > 0))) return null;
  const [x, y] = [rows.map((row) => Math.log(row.rows)), rows.map((row) => Math.log(row.amount))];
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [centre, height] = [mean(x), mean(y)];
  const squares = x.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return squares > 0 ? x.reduce((sum, value, at) => sum + (value - centre) * (y[at] - height), 0) / squares : null;
}

/** The fastest engine without a GPU over the fastest on one, by size: above 1 the GPU is faster. */
function crossoverRows(_, state, { tasks }) {
  return tasks.flatMap((task) => {
    const withTime = timedCells(task, state);
    const least = (own) => (own.length > 0 ? Math.min(...own.map((cell) => valueOf(cell, "median"))) : null);
    const onGpu = (cell) => page.engines[engineOf(cell)].gpu;
    const [gpu, cpu] = [least(withTime.filter(onGpu)), least(withTime.filter((cell) => !onGpu(cell)))];
    const { machine, workload, size, input, threads, table_rows: rows } = settingOf(task);
    if (gpu === null || cpu === null || !(rows > 0)) return [];
    const line = [machine, workload, input, threads, queryOf(task).name].join();
    return [{ line, query: queryOf(task).name, workload, size, rows, amount: cpu / gpu,
      label: `CPU ${seconds(cpu)} s, GPU ${seconds(gpu)} s: ${times(cpu / gpu)}` }];
  });
}

function scaled(value, unit) {
  return unit === "MiB" && value !== null ? value / 2 ** 20 : value;
}
