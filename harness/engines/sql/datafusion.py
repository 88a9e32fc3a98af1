"""DataFusion: SQL over Arrow, in its own dialect of PostgreSQL's."""

from __future__ import annotations

import re
from functools import reduce
from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres

from harness.engines.sql.base import SqlEngine, SqlSession
from harness.engines.sql.gaps import DATAFUSION
from harness.engines.sql.rules import RULES, no_length_below_zero
from harness.engines.sql.spellings import SHARED, by_unit, first_by, rounded, rounding_cast, spelt
from harness.plan.guards.nan_uses import Use
from harness.plan.guards.special_uses import FULL_CASE, Differing
from harness.special import Special
from harness.tables import Input, Table

if TYPE_CHECKING:
    import pyarrow as pa

_TO_EVEN = (
    "(ROUND({0}) - CASE WHEN ABS({0} - TRUNC({0})) = 0.5 AND TRUNC({0}) % 2 = 0 "
    "THEN SIGNUM({0}) ELSE 0 END)"
)


_CORRELATION = (
    "COALESCE(CORR({this}, {expression}), CASE WHEN REGR_COUNT({this}, {expression}) > 0 "
    "THEN CAST('NaN' AS DOUBLE PRECISION) END)"
)
"""Where either side is the same throughout, it says NULL."""


class DataFusionSql(Postgres):
    """What DataFusion says otherwise than PostgreSQL."""

    class Generator(Postgres.Generator):  # type: ignore[misc, valid-type]
        TRY_SUPPORTED = True
        TRANSFORMS: ClassVar[dict[Any, Any]] = {
            **Postgres.Generator.TRANSFORMS,
            **SHARED,
            exp.ArgMax: first_by("DESC"),
            exp.ArgMin: first_by("ASC"),
            exp.Cast: rounding_cast(_TO_EVEN),
            exp.Corr: spelt(_CORRELATION),
            exp.DateDiff: by_unit("(CAST({1} AS INT) - CAST({0} AS INT))"),
            exp.Round: rounded,
            exp.Sign: spelt("SIGNUM({this})"),
            exp.TimeToStr: spelt("TO_CHAR({this}, {format})"),
        }


class DataFusionSession(SqlSession):
    """Memory holds batches in as many partitions as threads; files stand behind their tables."""

    def __init__(self, threads: int) -> None:
        from datafusion import SessionConfig, SessionContext

        super().__init__(threads)
        self.threads = threads
        self.context = SessionContext(SessionConfig().with_target_partitions(threads))

    def load(self, table: Table) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        whole = pq.read_table([str(path) for path in table.parquet]).combine_chunks()
        size = -(-len(whole) // self.threads) or 1
        parts = [whole.slice(at, size).to_batches() for at in range(0, len(whole), size)]
        empty = [[pa.RecordBatch.from_pylist([], whole.schema)]]
        self.context.deregister_table(f'"{table.name}"')
        self.context.register_record_batches(f'"{table.name}"', parts or empty)

    def scan(self, table: Table, source: Input) -> None:
        files = [str(path) for path in table.files(source)]
        if source is Input.CSV:
            parts = [self.context.read_csv(file, options=self._csv(table)) for file in files]
        else:
            parts = [self.context.read_parquet(file) for file in files]
        whole = reduce(lambda rows, more: rows.union(more), parts)
        self.context.deregister_table(f'"{table.name}"')
        self.context.register_view(f'"{table.name}"', whole)

    def _csv(self, table: Table) -> Any:
        import pyarrow.parquet as pq
        from datafusion import CsvReadOptions

        form = table.csv_format
        return CsvReadOptions(
            schema=pq.read_schema(str(table.parquet[0])).remove_metadata(),
            delimiter=form.delimiter,
            null_regex=f"^({'|'.join(map(re.escape, form.null_values))})$",
            file_compression_type="gzip" if table.csv[0].suffix == ".gz" else "",
            file_extension=table.csv[0].suffix,
            newlines_in_values=True,
        )

    def execute(self, sql: str) -> Any:
        return self.context.sql(sql).to_arrow_table()

    def write(self, sql: str, path: str) -> None:
        self.context.sql(sql).write_parquet(path)

    def to_arrow(self, result: Any) -> pa.Table:
        return result


class DataFusion(SqlEngine):
    name = "datafusion"
    label = "DataFusion"
    colour = "#a4243b"
    distribution = "datafusion"
    module = "datafusion"
    optional: ClassVar[bool] = True
    dialect = DataFusionSql
    nan_differs = frozenset(Use)
    special_differs: ClassVar[Differing] = {
        **FULL_CASE,
        **dict.fromkeys((exp.Sum, exp.Avg, exp.Min, exp.Max), frozenset({Special.INFINITE})),
        exp.IntDiv: frozenset({Special.LEAST}),
        exp.Mod: frozenset({Special.LEAST}),
    }
    rules = (*RULES, no_length_below_zero)
    gaps = DATAFUSION
    session = DataFusionSession
