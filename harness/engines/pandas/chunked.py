"""pandas in chunks: the engine, and its emitter of loops over the chunks of one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import ClassVar

from harness.answer import Training
from harness.engines.gaps import Gaps
from harness.engines.pandas.engine import Pandas
from harness.engines.pandas.gaps import PANDAS_GAPS
from harness.engines.pandas.program import PandasProgram
from harness.engines.pandas.splitting import CHUNK_GAPS, Results, Splitting, chunked_table
from harness.engines.pandas.steps import handed_over
from harness.engines.pandas.tables import chunk_of_parquet, chunks_of_csv
from harness.engines.python.kernel import listing, mapping, quoted
from harness.engines.python.layout import PART_ROWS, in_parts, indented
from harness.engines.python.program import ProgramEmitter
from harness.engines.session import OUTPUT_FILE, Program
from harness.plan.optimize.naming import frame_name
from harness.plan.tree.nodes import Aggregate, Node, Scan, uses
from harness.tables import Input, Table
from harness.types import Column, Type

_ARROW = {
    Type.BOOLEAN: "pa.bool_()",
    Type.INT64: "pa.int64()",
    Type.FLOAT64: "pa.float64()",
    Type.STRING: "pa.string()",
    Type.DATE: 'pa.timestamp("us")',
    Type.TIMESTAMP: 'pa.timestamp("us")',
}


class PandasChunks(PandasProgram):
    """Emits a loop over the chunks of the largest table; other tables are read whole before it."""

    imports: ClassVar[Mapping[str, str]] = {
        **PandasProgram.imports,
        "pa": "import pyarrow as pa",
        "pq": "import pyarrow.parquet as pq",
    }
    reserved: ClassVar[tuple[str, ...]] = ("batch", "batches", "writer")
    looks_up_first: ClassVar[bool] = False
    rows: ClassVar[int] = PART_ROWS
    """Rows of a chunk."""

    def __init__(self, gaps: Gaps, tables: Mapping[str, Table], source: Input) -> None:
        super().__init__(gaps, tables, source)
        self.table = ""
        self.ends: Set[Node] = frozenset()
        self._loop: Node | None = None  # the end whose loop is being emitted
        self._outside: Set[Node] = frozenset()  # the nodes whose frames are older than the loop
        self._header = ""

    def program(self, plan: Node, end: str | Training | None) -> Program:
        if self.source is Input.MEMORY:
            raise self.gaps.unsupported("tables in memory")
        self.table = chunked_table(plan, self.tables)
        splitting = Splitting(self.table, self.gaps)
        made = splitting.plan(plan)
        self.ends, self.uses = splitting.ends, uses(made)
        if isinstance(end, Training) and made in self.ends:
            self._emit_loop(made, lambda chunk: handed_over(chunk, end))
        elif isinstance(end, Training):
            self.statements += self.batches(self.exact(made, in_order=True), end)
        elif end is not None and made in self.ends:
            self._written(made)
        else:
            result = self.exact(made, in_order=True)
            file = f".to_parquet({quoted(OUTPUT_FILE)}, index=False)"
            self.statements.append(f"return {result}" if end is None else f"{result}{file}")
        body = self.laid_out(self.statements)
        helpers = [in_parts(self.rows)] if self.source is Input.PARQUET else []
        return self.module(body, helpers)

    def results(self, node: Results) -> str:
        return self.project(node)

    def scan(self, node: Scan) -> str:
        if self._loop is None or node.table != self.table:
            return super().scan(node)
        columns = [self.tables[node.table].column(source) for source, _ in node.columns]
        name = self.variables.fresh(frame_name(node))
        renamed = f".rename(columns={mapping(node.renames)})" if node.renames else ""
        if self.source is Input.PARQUET:
            self.statements.append(f"{name} = {chunk_of_parquet('batch', columns)}{renamed}")
        elif renamed:
            self.statements.append(f"{name} = {name}{renamed}")
        self._header = self._over_chunks(name, self.tables[node.table], columns)
        return name

    def _over_chunks(self, name: str, table: Table, columns: Sequence[Column]) -> str:
        path = f"t({quoted(table.name)})"
        if self.source is Input.PARQUET:
            return f"for batch in batches({path}, {listing([c.name for c in columns])}):"
        return f"for {name} in {chunks_of_csv(path, table, columns, self.rows)}:"

    def frame(self, node: Node) -> str:
        if node in self.ends and node not in self.frames and node != self._loop:
            self.frames[node] = self._together(node)
        return super().frame(node)

    def _owned(self, node: Node | None) -> bool:
        """True if a node's variable may be reassigned: nothing else still reads its frame.

        In a loop, only variables first assigned in the loop may be.
        """
        return super()._owned(node) and (self._loop is None or node not in self._outside)

    def _together(self, node: Node) -> str:
        """Emits a loop that collects the node's rows of every chunk, and a ``pd.concat`` of them.

        Returns the name of the variable with all rows.
        """
        self._read_whole_tables(node)
        parts = self.variables.fresh("partials" if isinstance(node, Aggregate) else "parts")
        self.statements.append(f"{parts} = []")
        self._emit_loop(node, lambda chunk: f"{parts}.append({chunk})")
        combined = self.variables.fresh("combined")
        self.statements.append(f"{combined} = pd.concat({parts}, ignore_index=True)")
        return combined

    def _written(self, node: Node) -> None:
        """Emits a loop that writes each chunk's rows to the answer's file."""
        self._read_whole_tables(node)
        pairs = ", ".join(f"({quoted(c.name)}, {_ARROW[c.type]})" for c in node.schema)
        schema = self.variables.fresh("schema")
        options = f"{schema}, preserve_index=False"
        self.statements.append(f"{schema} = pa.schema([{pairs}])")
        self._emit_loop(
            node, lambda chunk: f"writer.write_table(pa.Table.from_pandas({chunk}, {options}))"
        )
        opened = f"with pq.ParquetWriter({quoted(OUTPUT_FILE)}, {schema}) as writer:"
        loop = self.statements.pop()
        self.statements.append("\n".join([opened, *indented(loop.split("\n"))]))

    def _emit_loop(self, node: Node, used: Callable[[str], str]) -> None:
        """Emits a loop over the chunks, in which the node is computed for each, as one statement.

        ``used`` returns the loop's last statement, given the text of the node's frame.
        """
        outer, self.statements = self.statements, []
        known, self._outside, self._loop = dict(self.frames), frozenset(self.frames), node
        chunk = self.exact(node, in_order=True)
        self.physical[node] = node.names
        self.statements.append(used(chunk))
        body = self.laid_out(self.statements)
        self.frames, self._loop, self.statements = known, None, outer
        self.statements.append("\n".join([self._header, *indented(body)]))

    def _read_whole_tables(self, node: Node) -> None:
        """Emits the frames of whole tables that are joined to chunks below the node.

        They come before the loop over the chunks, which reads them.
        """
        for child in node.inputs:
            if self._in_chunks(child):
                self._read_whole_tables(child)
            else:
                self.frame(child)

    def _in_chunks(self, node: Node) -> bool:
        if isinstance(node, Scan):
            return node.table == self.table
        return node not in self.ends and any(map(self._in_chunks, node.inputs))


class PandasChunked(Pandas):
    name = "pandas-chunked"
    label = "pandas in chunks"
    colour = "#b5179e"
    by_default: ClassVar[bool] = False
    reads: ClassVar[frozenset[Input]] = frozenset({Input.PARQUET, Input.CSV})
    emitter: ClassVar[type[ProgramEmitter]] = PandasChunks
    hands_over = "each chunk where the query keeps rows apart, else slices of its answer"
    gaps = (*PANDAS_GAPS, *CHUNK_GAPS)
    note = (
        "The table with the most columns is read in chunks of 250,000 rows, which are filtered, "
        "joined to the other tables, and aggregated or written one by one, as people do where a "
        "file does not fit into memory."
    )
