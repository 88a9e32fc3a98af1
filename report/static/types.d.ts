// The types that the scripts share, for TypeScript's checker only; not part of the page.
// A cell, task, engine, query, setting or run is a number: its index in lists and columns.

type Column = Float64Array | Float32Array | Int32Array;
type Columns = Record<string, Column>;
type Filter = "machine" | "workload" | "input" | "size" | "threads";

/** Names, labels and constants, as report/page/payload.py writes them. */
interface Outline {
  penalty: number;
  normal_quantile: number;
  tie_margin: number;
  probe_margin: number;
  metrics: Metric[];
  engines: Engine[];
  settings: Setting[];
  queries: Query[];
  outcomes: { name: string; text: string }[];
  reasons: string[];
  runs: Run[];
  extras: { name: string; label: string; unit: string; words: string[] }[];
}
interface Metric { name: string; label: string; unit: "s" | "MiB"; superlative: string; explanation: string }
interface Engine {
  id: string; name: string; label: string; version: string | null; language: "python" | "sql"; family: string; gpu: boolean;
}
interface Setting {
  machine: string; workload: string; size: string; input: string; threads: number;
  title: string; label: string; table_rows: number | null;
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
/** The reader's choices. An empty filter selects all; `baseline` is null for the best of each query. */
interface State extends Record<Filter, string> {
  metric: string; baseline: number | null; penalty: boolean; off: Set<number>;
  query: string; sort: number | null; theme: string; before: Side | null; after: Side | null;
}

/** A ratio, and the standard error of its logarithm; null if that is not known. */
type Ratio = [value: number, error: number | null];
type Interval = [low: number, high: number];
interface Mean { value: number; interval: Interval | null }
type Place = "alone" | "ties" | "unclear" | "behind";
type Nearness = "tie" | "unclear" | "apart";
/** The best cell of a task, those that tie with it, and those whose ratio to it is unclear. */
interface Standings { best: number | null; tied: number[]; unclear: number[] }
/** By cell: the logarithm of its ratio (NaN: none), the square of its error (NaN: not known), its place. */
interface Analysis { logs: Float64Array; squares: Float64Array; places: Place[]; open: Set<number> }
interface Score {
  engine: number; mean: Mean | null; ok: number; total: number; wins: number; ties: number; unclear: number; peak: number;
}
/** What is shown: every part of the page is computed from it. */
interface View {
  state: State; tasks: number[]; analysis: Analysis; scores: Score[];
  changes?: Map<number, Change[]>; rows: Map<string, Row[]>;
}

/** A cell in view, or an older one: its index in columns of the same names. */
interface Measurement { columns: Columns; at: number }
interface Pair { task: number; name: string; before: Measurement; after: Measurement }
interface Change extends Pair { verdict: string; ratio: Ratio | null }

/** A row of a chart; the chart's function in report/charts lists its fields. */
type Row = Record<string, any>;
type Rows = (of: number, view: View) => Row[];
interface Spec { usermeta?: { step: number; lines?: string }; params?: object[]; [key: string]: unknown }
interface Chart { view: any; finalize(): void }
declare function vegaEmbed(figure: HTMLElement, spec: object, options: object): Promise<Chart>;
