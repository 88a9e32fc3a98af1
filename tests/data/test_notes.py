"""Metadata in a Parquet schema, such as pandas' index, changes no engine's answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.data.cache import Cache
from harness.data.prepare import prepare
from harness.tables import Input
from harness.workload.file import load
from tests.support.in_process import installed
from tests.support.reading import read_by

pytestmark = pytest.mark.usefixtures("one_reader")

ROWS = {"k": [7, 8, 9], "v": [1.5, 2.5, 3.5]}


def indexed(columns: list[Any]) -> Mapping[str, str]:
    """Returns pandas' metadata for a Parquet schema, in which ``columns`` describe the index."""
    note = json.loads(pa.Table.from_pandas(pd.DataFrame(ROWS)).schema.metadata[b"pandas"])
    return {"pandas": json.dumps({**note, "index_columns": columns})}


def ranged(start: int, stop: int, step: int) -> dict[str, Any]:
    return {"kind": "range", "name": "k", "start": start, "stop": stop, "step": step}


NOTES: dict[str, Mapping[str, str]] = {
    "an index": indexed(["k"]),
    "an index that is not there": indexed(["nowhere"]),
    "a range": indexed([ranged(0, 3, 1)]),
    "a range from elsewhere": indexed([ranged(100, 103, 1)]),
    "a range of no steps": indexed([ranged(0, 3, 0)]),
    "no JSON": {"pandas": "{"},
    "geometry": {"geo": '{"version": "1.0.0", "primary_column": "k", "columns": {"k": {}}}'},
}


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize("source", [Input.MEMORY, Input.PARQUET])
def test_a_note_changes_nothing(tmp_path: Path, note: str, source: Input) -> None:
    noted = pa.table(ROWS).replace_schema_metadata(NOTES[note])
    pq.write_table(noted, tmp_path / "t.parquet")
    assert pq.read_schema(tmp_path / "t.parquet").metadata
    every_engine_reads(tmp_path, source, copied=True)


def test_a_note_on_a_column_changes_nothing(tmp_path: Path) -> None:
    kind = {"ARROW:extension:name": "mine", "ARROW:extension:metadata": "1"}
    fields = [pa.field("k", pa.int64(), metadata=kind), pa.field("v", pa.float64())]
    pq.write_table(pa.table(ROWS, schema=pa.schema(fields)), tmp_path / "t.parquet")
    every_engine_reads(tmp_path, Input.PARQUET, copied=True)


def test_pandas_own_files_are_read_with_their_index(tmp_path: Path) -> None:
    pd.DataFrame({"v": ROWS["v"]}, index=pd.Index(ROWS["k"], name="k")).to_parquet(
        tmp_path / "t.parquet"
    )
    every_engine_reads(tmp_path, Input.PARQUET, copied=True)


def test_a_note_that_nobody_heeds_costs_no_copy(tmp_path: Path) -> None:
    noted = pa.table(ROWS).replace_schema_metadata({"org.apache.spark.version": "4.0"})
    pq.write_table(noted, tmp_path / "t.parquet")
    every_engine_reads(tmp_path, Input.PARQUET, copied=False)


def every_engine_reads(folder: Path, source: Input, copied: bool) -> None:
    path = folder / "w.yaml"
    path.write_text("title: w\ntables: {t: t.parquet}\nqueries:\n  q: select 1\n")
    with Cache(folder / "cache") as cache:
        table = prepare(load(path), "any", source, cache).tables["t"]
        assert (table.parquet != (folder / "t.parquet",)) == copied
        for engine in installed(reads=source):
            answer = read_by(engine, table, source).to_pydict()
            rows = sorted(zip(answer["k"], answer["v"], strict=True))  # which have no order
            assert rows == list(zip(ROWS["k"], ROWS["v"], strict=True)), engine
