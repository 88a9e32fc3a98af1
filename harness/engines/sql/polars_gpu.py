"""SQL on the GPU: the query's SQL, through Polars' SQLContext and its GPU engine.

Polars reads the text that is printed of the checked query, never the one that somebody wrote: two
parsers may read two queries in it. And no plan runs that scans a file other than the tables'.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from harness.engines.base import OUTPUT_FILE, Program, Session
from harness.engines.polars.gpu import PolarsGpu, PolarsGpuSession
from harness.errors import Unsupported, WorkloadError
from harness.plan import Query
from harness.tables import Input, Table


class PolarsSqlSession(PolarsGpuSession):
    """Tables are LazyFrames of one context; what its dialect lacks is unsupported."""

    def __init__(self, engine: Any = None) -> None:
        super().__init__()
        self.engine = engine or self.pl.GPUEngine(raise_on_fail=True)
        self.sql, self.writes = "", False
        self.scans: set[str] = set()

    def scan(self, table: Table, source: Input) -> None:
        files = [str(path) for path in table.files(source)]
        if source is Input.PARQUET:
            scanned = self.pl.scan_parquet(files)
        else:
            scanned = self.pl.scan_csv(
                files,
                schema=dict(self.pl.scan_parquet(list(table.parquet)).collect_schema()),
                null_values=list(table.csv_format.null_values),
                separator=table.csv_format.delimiter,
            )
        self.tables[table.name] = scanned
        self.scans |= set(scans(scanned.explain(optimized=False)))

    def prepare(self, program: Program) -> None:
        self.sql, self.writes = program.text, program.text.startswith(_WRITES)
        self.query = self._run

    def _run(self, _: object) -> Any:
        errors = self.pl.exceptions
        dialect = (errors.SQLInterfaceError, errors.SQLSyntaxError, errors.ColumnNotFoundError)
        try:  # every column is known to be there: one that is not found is beyond the dialect
            frame = self.pl.SQLContext(self.tables).execute(self.sql.removeprefix(_WRITES))
            refuse_other_scans(frame.explain(optimized=False), self.scans)
            result = frame.collect(engine=self.engine)
        except dialect as error:
            first = str(error).strip().splitlines()[0]
            raise Unsupported(f"Polars' SQL cannot: {first}") from error
        return result.write_parquet(OUTPUT_FILE) if self.writes else result


def refuse_other_scans(plan: str, known: Collection[str]) -> None:
    """Raises WorkloadError where a plan, as Polars explains it, scans anything else."""
    for scanned in scans(plan):
        if scanned not in known:
            raise WorkloadError(f"a query reads the tables that its file declares, not {scanned}")


def scans(plan: str) -> list[str]:
    """The files that a plan scans: of each scan the first, and how many others there are."""
    return re.findall(r"SCAN (.*)", plan)


_READS = re.compile(r"(read|scan)_(csv|parquet|ipc|json|ndjson|avro|delta|iceberg)", re.IGNORECASE)
"""Refused wherever it stands: Polars asks for files, and addresses, while it plans."""
_WRITES = f"-- the answer is written to {OUTPUT_FILE}\n"


class PolarsSqlGpu(PolarsGpu):
    name = "polars-sql-gpu"
    label = "Polars SQL on GPU"
    colour = "#0096c7"
    language = "sql"

    def compile(self, query: Query, tables: Mapping[str, Table], source: Input) -> Program:
        text = query.printed
        if reads := _READS.search(text):
            raise Unsupported(f"{reads[0]} in the text is a function of Polars that reads files")
        return Program(_WRITES * (query.write is not None) + text, "sql")

    def start(self, threads: int) -> Session:
        return PolarsSqlSession()
