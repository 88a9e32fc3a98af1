"""Distributes rows over files by a hash of their columns, so that equal rows get into one part."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from harness.verify.answer_files import batches
from harness.verify.rows import Ints

MEMORY = "200MB"
ROW, RUN, TIMES = "row", "run", "times"
"""Columns of the files after those of the answer, which are c0, c1 …"""


@dataclass(frozen=True)
class Part:
    """Rows of an answer, their numbers in it, and the runs that they belong to."""

    rows: pa.Table
    runs: Ints
    numbers: Ints


class Cut:
    """One side of a comparison, whose rows are written to a folder, into a file for each part.

    A row's part is a hash of its run and its columns without floats, which may differ in equal
    rows. ``sizes`` counts the rows of each part. ``schema`` is the answer's.
    """

    def __init__(self, folder: Path, schema: pa.Schema, count: int) -> None:
        folder.mkdir(parents=True)
        self.folder, self.names = folder, schema.names
        self.sizes = np.zeros(count, dtype=np.int64)
        columns = [(f"c{place}", kind) for place, kind in enumerate(schema.types)]
        self.schema = pa.schema([*columns, (RUN, pa.int64()), (ROW, pa.int64())])
        keys = [name for name, kind in columns if not pa.types.is_floating(kind)]
        self._part = f"hash({', '.join([*keys, RUN])}) % {count} AS part"
        self._open = ExitStack()

    def __enter__(self) -> Cut:
        self._database = self._open.enter_context(duckdb.connect(config={"threads": 1}))
        self._writers = []
        for part in range(len(self.sizes)):
            sink = self._open.enter_context(pa.OSFile(str(self._file(part)), "wb"))
            self._writers.append(self._open.enter_context(pa.ipc.new_file(sink, self.schema)))
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def add(self, part: Part) -> None:
        """Writes each row to the file of the part that the hash of its columns puts it into."""
        columns = [*part.rows.columns, pa.array(part.runs), pa.array(part.numbers)]
        whole = pa.table(columns, schema=self.schema)
        parts = self._database.from_arrow(whole).project(self._part).fetchnumpy()["part"]
        ordered = whole.take(pa.array(np.argsort(parts, kind="stable")))
        sizes = np.bincount(parts.astype(np.int64), minlength=len(self.sizes))
        for place in np.flatnonzero(sizes):
            first = int(sizes[:place].sum())
            self._writers[place].write_table(ordered.slice(first, int(sizes[place])))
        self.sizes += sizes

    def take(self, part: int) -> Part:
        """Reads a part, and deletes its file."""
        table = pa.Table.from_batches(list(batches(self._file(part))), self.schema)
        self._file(part).unlink()
        return self._as_part(table)

    def reader(self, part: int) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self.schema, batches(self._file(part)))

    def repeated(self, counted: pa.Table, times: Ints) -> Part:
        """Returns, as a Part, each row of ``counted`` as often as ``times`` says at its position.

        ``counted`` has the columns of this side's files; negative numbers in ``times`` count as 0.
        """
        places = np.repeat(np.arange(len(counted)), np.maximum(times, 0))
        return self._as_part(counted.take(pa.array(places)).cast(self.schema))

    def _as_part(self, table: pa.Table) -> Part:
        *columns, runs, numbers = table.columns
        return Part(pa.table(columns, names=self.names), runs.to_numpy(), numbers.to_numpy())

    def _file(self, part: int) -> Path:
        return self.folder / f"{part}.arrow"


def without_pairs(given: Cut, right: Cut, part: int) -> tuple[Part, Part]:
    """Reads a part of both sides without the rows that both have, equal bit by bit.

    A row that one side has more often is read as many times as it has it more often. DuckDB counts
    the rows, so that the part need not fit into memory.
    """
    columns = ", ".join(name for name in given.schema.names if name != ROW)
    counted = f"""
        SELECT {columns}, coalesce(min({ROW}) FILTER ({TIMES} > 0), 0) AS {ROW},
            sum({TIMES})::BIGINT AS {TIMES}
        FROM (SELECT *, 1 AS {TIMES} FROM given UNION ALL SELECT *, -1 FROM expected)
        GROUP BY {columns} HAVING sum({TIMES}) <> 0 ORDER BY {ROW}"""
    config = {"threads": 1, "memory_limit": MEMORY, "temp_directory": str(given.folder / "spill")}
    with duckdb.connect(config=config) as database:
        database.register("given", given.reader(part))
        database.register("expected", right.reader(part))
        found = database.sql(counted).to_arrow_table()
    times, found = found.column(TIMES).to_numpy(), found.drop_columns([TIMES])
    return given.repeated(found, times), right.repeated(found, -times)
