"""Folders such as ``year=2020`` become columns; compressed files of text are read."""

from __future__ import annotations

import bz2
import gzip
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.data.partitions import MOST_KEYS
from harness.tables import Input
from harness.types import Type
from tests.data.test_files import content, error_of, table

pytestmark = pytest.mark.usefixtures("one_reader")


def parted(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def parquet(path: Path, **columns: list[object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


@pytest.mark.parametrize("source", [Input.PARQUET, Input.CSV])
def test_the_keys_of_folders_are_columns(tmp_path: Path, source: Input) -> None:
    parquet(tmp_path / "t" / "year=2021" / "month=02" / "b.parquet", v=[3])
    parquet(tmp_path / "t" / "year=2020" / "month=01" / "a.parquet", v=[1, 2])
    t = table(tmp_path, "t", source)
    assert content(t) == {"v": [1, 2, 3], "year": [2020, 2020, 2021], "month": [1, 1, 2]}
    assert t.changes == ("its folders become year, month, in one Parquet file that engines read",)
    assert [column.type for column in t.schema] == [Type.INT64] * 3
    if source is Input.CSV:
        assert t.csv[0].read_text() == "v,year,month\n1,2020,1\n2,2020,1\n3,2021,2\n"


def test_of_csv_and_json_too_and_beside_files_that_are_hidden(tmp_path: Path) -> None:
    days = {"_SUCCESS": "", "day=2020-01-31/a.csv": "v\n1\n", "day=2020-02-01/a.csv": "v\n2\n"}
    parted(tmp_path / "c", days)
    found = content(table(tmp_path, "c"))
    assert found == {"v": [1, 2], "day": [date(2020, 1, 31), date(2020, 2, 1)]}
    null = "__HIVE_DEFAULT_PARTITION__"
    parted(tmp_path / "j", {"k=a%20b/x.jsonl": '{"v": 1}\n', f"k={null}/x.jsonl": '{"v": 2}\n'})
    assert content(table(tmp_path, "j")) == {"v": [2, 1], "k": [None, "a b"]}


def test_a_key_keeps_its_zeros_only_where_it_is_text(tmp_path: Path) -> None:
    parted(tmp_path / "t", {"code=007/a.csv": "v\n1\n", "code=08/a.csv": "v\n2\n"})
    assert content(table(tmp_path, "t"))["code"] == [7, 8]
    declared = table(tmp_path, "{path: t, schema: {code: string}}")
    assert content(declared)["code"] == ["007", "08"]


def test_a_path_and_a_pattern_have_no_keys(tmp_path: Path) -> None:
    parted(tmp_path, {"t/k=1/a.csv": "v\n1\n"})
    for spec in ("t/k=1/a.csv", "'t/**/*.csv'", "t/k=1"):
        assert content(table(tmp_path, spec)) == {"v": [1]}


def test_links_to_partitions_are_followed_unless_they_lead_back(tmp_path: Path) -> None:
    parted(
        tmp_path, {"elsewhere/a.csv": "v\n1\n", "t/k=2/a.csv": "v\n2\n", "r/k=1/a.csv": "v\n1\n"}
    )
    (tmp_path / "t" / "k=1").symlink_to(tmp_path / "elsewhere")
    assert content(table(tmp_path, "t")) == {"v": [1, 2], "k": [1, 2]}
    (tmp_path / "r" / "back=1").symlink_to(tmp_path / "r")
    assert "'r': its folders give back twice, one in the other" in error_of(tmp_path, "r")


def test_partitions_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    parted(tmp_path / "a", {"k=1/a.csv": "v\n1\n", "b.csv": "v\n1\n"})
    assert "'a': its folders give nothing to b.csv, but k to a.csv" in error_of(tmp_path, "a")
    parted(tmp_path / "b", {"v=1/a.csv": "v\n1\n"})
    assert "two columns are called 'v' and 'v'" in error_of(tmp_path, "b")
    parted(tmp_path / "c", {"_delta_log/0.json": "", "a.csv": "v\n1\n"})
    assert "'c': it is a table of Delta, whose log says" in error_of(tmp_path, "c")


def test_folders_give_a_bounded_number_of_columns(tmp_path: Path) -> None:
    deep = [f"k{number}=1" for number in range(MOST_KEYS)]
    parted(tmp_path / "t", {"/".join([*deep, "a.csv"]): "v\n1\n"})
    assert len(content(table(tmp_path, "t"))) == MOST_KEYS + 1
    parted(tmp_path / "d", {"/".join([*deep, "one=1", "a.csv"]): "v\n1\n"})
    assert "'d': its folders give more than 20 columns to a file" in error_of(tmp_path, "d")


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".zst"])
def test_text_may_be_compressed(tmp_path: Path, ending: str) -> None:
    pack = {".gz": gzip.compress, ".bz2": bz2.compress, ".zst": zstd}[ending]
    for name, text in (("t.csv", b"a,b\n1,2\n"), ("t.jsonl", b'{"a": 1, "b": 2}\n')):
        (tmp_path / (name + ending)).write_bytes(pack(text))
        found = table(tmp_path, name + ending, Input.CSV)
        assert content(found) == {"a": [1], "b": [2]}
        assert ending == ".gz" or found.csv[0].read_bytes() == b"a,b\n1,2\n"


def zstd(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


def test_damaged_compression_is_said(tmp_path: Path) -> None:
    (tmp_path / "t.csv.zst").write_bytes(b"a,b\n1,2\n")
    assert "t.csv.zst cannot be read as CSV" in error_of(tmp_path, "t.csv.zst")
