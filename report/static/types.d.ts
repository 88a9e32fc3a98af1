// The types that the scripts share, for TypeScript's checker only; not part of the page.
// A cell, task, engine, query, setting or run is a number: its index in lists and columns.

type Column = Float64Array | Float32Array | Int32Array;
type Columns = Record<string, Column>;
type Filter = "machine" | "workload" | "input" | Swept;
/** What a run may measure several of. */
type Swept = "size" | "threads" | "memory_limit" | "clients";

/** Names, labels and constants, as report/page/payload.py writes them. */
interface Outline {
  penalty: number;
  normal_quantile: number;
  tie_margin: number;
  probe_margin: number;
  notable: number;
  much_memory: number;
  metrics: Metric[];
  engines: Engine[];
  settings: Setting[];
  queries: Query[];
  outcomes: { name: string; text: string }[];
  reasons: string[];
  runs: Run[];
  extras: { name: string; label: string; unit: string; words: string[] }[];
}
interface Metric { name: string; label: string; unit: "s" | "MiB"; superlative: string; more: string; explanation: string }
interface Engine {
  id: string; name: string; label: string; version: string | null; language: "python" | "sql"; family: string; gpu: boolean;
}
interface Setting {
  machine: string; workload: string; size: string; input: string; threads: number;
  /** As "8GB"; "default" where a run was not given several. */
  memory_limit: string; limit_bytes: number | null;
  /** A number; "default" of runs without several clients. */
  clients: string;
  title: string; label: string; table_rows: number | null; file: string;
}
interface Query { workload: string; name: string; title: string }
interface Run { id: string; started: string; machine: string; label: string; probe: number | null }
interface Numbers { cells: Columns; rounds: Columns; older: Columns }
/** SQL, plans and programs. */
interface Texts {
  queries: { sql: string; plan: string | null }[];
  programs: { sha256: string; text: string }[];
}

/** A run or an engine, as one side of a comparison. */
interface Side { kind: "run" | "engine"; at: number }
/** What the reader chose. An empty filter is none, of what a run may measure several of the largest and the most; `baseline` is null for the best of each query. */
interface State extends Record<Filter, string> {
  metric: string; baseline: number | null; penalty: boolean; off: Set<number>;
  query: string; sort: number | null; theme: string; before: Side | null; after: Side | null;
  /** The engines of the pair; null for those that the page proposes. */
  from: number | null; to: number | null;
  /** The cell that is open. */
  open: number | null;
}

/** A ratio, and the standard error of its logarithm; null if that is not known. */
type Ratio = [value: number, error: number | null];
type Interval = [low: number, high: number];
interface Mean { value: number; ratio: Ratio; interval: Interval | null }
type Place = "alone" | "ties" | "unclear" | "behind";
type Nearness = "tie" | "unclear" | "apart";
/** The best cell of a task, those that tie with it, and those whose ratio to it is unclear. */
interface Standings { best: number | null; tied: number[]; unclear: number[] }
/** By cell: the logarithm of its ratio (NaN: none), the square of its error (NaN: not known), its place. */
interface Analysis { logs: Float64Array; squares: Float64Array; places: Place[]; open: Set<number> }
interface Score {
  engine: number; mean: Mean | null; ok: number; total: number; wins: number; ties: number; unclear: number; peak: number;
}
/** How many of a unit a second has. */
interface Unit { unit: string; scale: number }
/** A workload in a setting, or in several. */
interface Kind { settings: number[]; tasks: number[]; title: string; label: string }
/** A cell with its ratio to another engine's, or to the best. */
interface Worst { cell: number; ratio: number }
/** The engine to use for some tasks; see report/compare/verdicts.py. */
interface Picked {
  score: Score; total: number; missing: number; worst: Worst | null; leaner: Score | null;
  next: { engine: number; ratio: Ratio } | null;
  rival: { engine: number; wins: number; missing: number; worst: Worst | null } | null;
}
/** What is shown; every part of the page follows from it. */
interface View {
  state: State; tasks: number[]; analysis: Analysis; scores: Score[];
  /** The analysis by which verdicts are made; worked out when it is needed. */
  fair?: Analysis;
  changes?: Map<number, Change[]>; rows: Map<string, Row[]>; sweeps: Partial<Record<Swept, number[]>>;
}

/** A cell in view, or an older one: its index in columns of the same names. */
interface Measurement { columns: Columns; at: number }
interface Pair { task: number; name: string; before: Measurement; after: Measurement }
interface Change extends Pair { verdict: string; ratio: Ratio | null }

/** A row of a chart; the chart's function in report/charts lists its fields. */
type Row = Record<string, any>;
type Rows = (of: number, view: View) => Row[];
interface Spec { usermeta?: { step: number; lines?: string }; params?: { name: string }[]; [key: string]: unknown }
interface Chart { view: any; finalize(): void }
declare function vegaEmbed(figure: HTMLElement, spec: object, options: object): Promise<Chart>;
