"""SQL on the GPU: the query's SQL, through Polars' SQLContext and its GPU engine.

Polars reads the text that is printed of the checked query, never the one that somebody wrote: two
parsers may read two queries in it. And no plan runs that scans a file other than the tables'.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from harness.engines.base import OUTPUT_FILE, Program, Session
from harness.engines.polars_gpu import PolarsGpu, PolarsGpuSession
from harness.errors import Unsupported, WorkloadError
from harness.plan import Query
from harness.tables import Input, Table


class PolarsSqlSession(PolarsGpuSession):
    """Tables are LazyFrames of one context; what its dialect lacks is unsupported."""

    def __init__(self, engine: Any = None) -> None:
        super().__init__()
        self.engine = engine or self.pl.GPUEngine(raise_on_fail=True)
        self.sql, self.writes = "", False
        self.files: set[str] = set()

    def scan(self, table: Table, source: Input) -> None:
        files = [str(path) for path in table.files(source)]
        self.files |= set(files)
        if source is Input.PARQUET:
            self.tables[table.name] = self.pl.scan_parquet(files)
            return
        form = table.csv_format
        self.tables[table.name] = self.pl.scan_csv(
            files,
            schema=dict(self.pl.scan_parquet(list(table.parquet)).collect_schema()),
            null_values=list(form.null_values),
            separator=form.delimiter,
        )

    def prepare(self, program: Program) -> None:
        self.sql, self.writes = program.text, program.text.startswith(_WRITES)
        self.query = self._run

    def _run(self, _: object) -> Any:
        errors = self.pl.exceptions
        dialect = (errors.SQLInterfaceError, errors.SQLSyntaxError, errors.ColumnNotFoundError)
        try:  # every column is known to be there: one that is not found is beyond the dialect
            frame = self.pl.SQLContext(self.tables).execute(self.sql.removeprefix(_WRITES))
            refuse_other_files(frame.explain(optimized=False), self.files)
            result = frame.collect(engine=self.engine)
        except dialect as error:
            first = str(error).strip().splitlines()[0]
            raise Unsupported(f"Polars' SQL cannot: {first}") from error
        return result.write_parquet(OUTPUT_FILE) if self.writes else result


def refuse_other_files(plan: str, files: Iterable[str]) -> None:
    """Raises WorkloadError where a plan, as Polars explains it, scans any other file."""
    for scanned in re.findall(r"SCAN (.*)", plan):
        if not any(str(file) in scanned for file in files):
            raise WorkloadError(f"a query reads the tables that its file declares, not {scanned}")


_WRITES = f"-- the answer is written to {OUTPUT_FILE}\n"


class PolarsSqlGpu(PolarsGpu):
    name = "polars-sql-gpu"
    label = "Polars SQL on GPU"
    colour = "#0096c7"
    language = "sql"

    def compile(self, query: Query, tables: Mapping[str, Table], source: Input) -> Program:
        return Program(_WRITES * (query.write is not None) + query.printed, "sql")

    def start(self, threads: int) -> Session:
        return PolarsSqlSession()
