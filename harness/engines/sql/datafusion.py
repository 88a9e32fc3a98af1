"""DataFusion: SQL over Arrow, in its own dialect of PostgreSQL's."""

from __future__ import annotations

import contextlib
import re
from functools import reduce
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres

from harness.engines.sql import gaps, spellings
from harness.engines.sql.base import SqlEngine, SqlSession
from harness.engines.sql.rules import DATAFUSION
from harness.plan.guards.special_uses import FULL_CASE, Differing
from harness.special import Special
from harness.tables import Input, Table

CACHES = ("metadata_cache", "file_statistics_cache", "list_files_cache")
"""What it would remember of files: enough to answer ``min(x)`` of Parquet without reading it."""


class DataFusionSession(SqlSession):
    """A session of DataFusion: memory holds batches in partitions; files are read by views."""

    def __init__(self, threads: int = 1) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq
        from datafusion import CsvReadOptions, SessionConfig, SessionContext

        super().__init__(threads)
        self.pa, self.parquet, self.csv_options = pa, pq, CsvReadOptions
        self.context = SessionContext(SessionConfig().with_target_partitions(threads))
        for cache in CACHES:
            with contextlib.suppress(Exception):  # an older release lacks some
                self.context.sql(f"SET datafusion.runtime.{cache}_limit = '0K'")

    def load(self, table: Table) -> None:
        whole = self.parquet.read_table(list(map(str, table.parquet))).combine_chunks()
        batches = whole.to_batches(max_chunksize=-(-len(whole) // self.threads) or 1)
        parts = [
            [batch] for batch in batches or [self.pa.RecordBatch.from_pylist([], whole.schema)]
        ]
        self.context.deregister_table(f'"{table.name}"')
        self.context.register_record_batches(f'"{table.name}"', parts)

    def scan(self, table: Table, source: Input) -> None:
        files = [str(path) for path in table.files(source)]
        if source is Input.CSV:
            parts = [self.context.read_csv(file, options=self._csv(table)) for file in files]
        else:
            parts = [self.context.read_parquet(file) for file in files]
        self.context.deregister_table(f'"{table.name}"')
        self.context.register_view(f'"{table.name}"', reduce(lambda a, b: a.union(b), parts))

    def _csv(self, table: Table) -> Any:
        return self.csv_options(
            schema=self.parquet.read_schema(str(table.parquet[0])).remove_metadata(),
            delimiter=table.csv_format.delimiter,
            null_regex=f"^({'|'.join(map(re.escape, table.csv_format.null_values))})$",
            file_compression_type="gzip" if table.csv[0].suffix == ".gz" else "",
            file_extension=table.csv[0].suffix,
            newlines_in_values=True,
        )

    def execute(self, sql: str) -> Any:
        return self.context.sql(sql).to_arrow_table()

    def write(self, sql: str, path: str) -> None:
        self.context.sql(sql).write_parquet(path)


class DataFusion(SqlEngine):
    name = distribution = module = "datafusion"
    label = "DataFusion"
    colour = "#a4243b"
    optional: ClassVar[bool] = True
    session, gaps, rules = DataFusionSession, gaps.DATAFUSION, DATAFUSION
    special_differs: ClassVar[Differing] = {
        **FULL_CASE,
        **dict.fromkeys((exp.Sum, exp.Avg), frozenset({Special.INFINITE})),
        **dict.fromkeys((exp.Min, exp.Max), frozenset({Special.INFINITE, Special.DIVIDED})),
        **dict.fromkeys((exp.IntDiv, exp.Mod), frozenset({Special.LEAST})),
        exp.Round: frozenset({Special.LARGE}),
    }
    dialect = spellings.dialect(Postgres, spellings.DATAFUSION)
