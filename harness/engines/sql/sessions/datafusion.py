"""Sessions of DataFusion."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

from harness.engines.session import SPILL_FOLDER, memory_limit
from harness.engines.sql.sessions.base import SqlSession
from harness.tables import Input, Table

CACHES = ("metadata_cache", "file_statistics_cache", "list_files_cache")
"""What it would remember of files: enough to answer ``min(x)`` of Parquet without reading it."""


class DataFusionSession(SqlSession):
    """A session of DataFusion: memory holds batches in partitions; files are read by views.

    It may hold four fifths of the memory limit, of which answers in Arrow, which it does not count,
    have the rest; what takes more moves to the disk.
    """

    def __init__(self, threads: int) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq
        from datafusion import CsvReadOptions, SessionConfig, SessionContext

        super().__init__(threads)
        self.pa, self.parquet, self.csv_options = pa, pq, CsvReadOptions
        self.context = SessionContext(SessionConfig().with_target_partitions(threads))
        self.spills_to = Path(SPILL_FOLDER)
        if (limit := memory_limit()) is not None:
            self._set("temp_directory", SPILL_FOLDER)
            self._set("memory_limit", f"{limit * 4 // 5 >> 20}M")
        for cache in CACHES:
            with contextlib.suppress(Exception):  # an older release lacks some
                self._set(f"{cache}_limit", "0K")

    def _set(self, name: str, value: str) -> None:
        self.context.sql(f"SET datafusion.runtime.{name} = '{value}'")

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

    def stream(self, sql: str, rows: int) -> Iterator[Any]:
        for batch in self.context.sql(sql).execute_stream():
            yield batch.to_pyarrow()

    def write(self, sql: str, path: str) -> None:
        self.context.sql(sql).write_parquet(path)
