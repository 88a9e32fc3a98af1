"""A user's files become tables with canonical types, or an error that says what to do."""

from __future__ import annotations

import csv
import gzip
import os
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from harness.data import csv_text
from harness.data.cache import Cache
from harness.data.prepare import prepare, schemas
from harness.errors import DataError, WorkloadError
from harness.special import Special
from harness.tables import CsvFormat, Input, Table
from harness.types import Column, Type
from harness.workload.file import load
from tests.support.reading import in_this_process

pytestmark = pytest.mark.usefixtures("one_reader")

ENDINGS = (
    ".csv, .tsv, .ndjson, .jsonl (also with .gz, .zst, .bz2), .arrow, .feather, .ipc or .parquet"
)


def table(
    folder: Path, spec: str, source: Input = Input.MEMORY, cache_root: Path | None = None
) -> Table:
    """Prepares the one table ``t`` of a workload that is written as ``t: spec``."""
    path = folder / "w.yaml"
    path.write_text(f"title: w\ntables:\n  t: {spec}\nqueries:\n  q: select 1\n")
    with Cache(cache_root or folder / "cache") as cache:
        return prepare(load(path), "any", source, cache).tables["t"]


def error_of(folder: Path, spec: str, source: Input = Input.MEMORY) -> str:
    with pytest.raises((DataError, WorkloadError)) as caught:
        table(folder, spec, source)
    return str(caught.value).replace(f"{folder}/", "")


def content(table: Table) -> dict[str, list[object]]:
    return dict(pa.concat_tables([pq.read_table(path) for path in table.parquet]).to_pydict())


def test_a_csv_file_becomes_a_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,code,price,day\n1,007,1.5,2013-01-31\n2,,,\n")
    t = table(tmp_path, "t.csv")
    assert t.schema == (
        Column("id", Type.INT64, nullable=False),
        Column("code", Type.STRING),
        Column("price", Type.FLOAT64),
        Column("day", Type.DATE),
    )
    assert content(t) == {
        "id": [1, 2],
        "code": ["007", None],
        "price": [1.5, None],
        "day": [date(2013, 1, 31), None],
    }
    assert (t.rows, t.csv) == (2, (tmp_path / "t.csv",))


def test_a_column_that_changes_its_type_late_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_this_process(monkeypatch)
    monkeypatch.setattr(csv_text, "BLOCK_BYTES", 1_000)
    (tmp_path / "t.csv").write_text("a,b\n" + "1,2\n" * 5_000 + "x,2.5\n")
    t = table(tmp_path, "t.csv")
    assert [column.type for column in t.schema] == [Type.STRING, Type.FLOAT64]
    assert (content(t)["a"][-1], t.rows) == ("x", 5_001)


def test_declared_types_go_before_inferred_ones(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    t = table(tmp_path, "{path: t.csv, schema: {a: string}}")
    assert [column.type for column in t.schema] == [Type.STRING, Type.INT64]


def test_a_header_alone_is_an_empty_table_where_all_types_are_declared(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n")
    t = table(tmp_path, "{path: t.csv, schema: {a: date}}")
    assert (t.rows, t.schema) == (0, (Column("a", Type.DATE, nullable=False),))


def test_null_values_and_delimiter_are_kept_to(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('a;b\nNA;"x;\ny"\n3;-\n')
    t = table(tmp_path, "{path: t.csv, null_values: [NA, '-'], delimiter: ';'}", Input.CSV)
    assert content(t) == {"a": [None, 3], "b": ["x;\ny", None]}
    assert t.csv[0].read_text() == 'a;b\n;"x;\ny"\n3;\n'
    assert t.csv_format == CsvFormat(";")


@pytest.mark.parametrize("name", ["t.csv.gz", "T.CSV.GZ", "t.csv.Gz"])
def test_a_suffix_has_no_case(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(b"a,b\n1,2\n"))
    found = table(tmp_path, name)
    assert content(found) == {"a": [1], "b": [2]}
    assert all(path.suffix in (".gz", ".csv") for path in found.csv)  # as every library reads


def test_a_gzipped_csv_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"\xef\xbb\xbfa,b\n1,2\n"))
    assert content(table(tmp_path, "t.csv.gz")) == {"a": [1], "b": [2]}


@pytest.mark.parametrize("spec", ["t.tsv", "in", "'*.tsv'"])
def test_a_tsv_file_is_divided_by_tabs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str
) -> None:
    in_this_process(monkeypatch)
    folder = tmp_path / "in" if spec == "in" else tmp_path
    folder.mkdir(exist_ok=True)
    (folder / "t.tsv").write_text("a\tb\n1\tx,y\n")
    found = table(tmp_path, spec, Input.CSV)
    assert content(found) == {"a": [1], "b": ["x,y"]}
    assert found.csv_format.delimiter == "\t"
    assert [path.suffix for path in found.csv] == [".csv"]  # a link: some readers go by the ending
    (folder / "t.tsv").write_text("a;b\n1;2\n")
    assert content(table(tmp_path, f"{{path: {spec}, delimiter: ';'}}")) == {"a": [1], "b": [2]}


MIXED = pa.table(
    {
        "a": pa.array([1, None], pa.int32()),
        "b": pa.array([0.5, float("nan")]),
        "c": pa.array(["x", None]).dictionary_encode(),
        "d": pa.array([[1], [2]]),
    }
)


@pytest.mark.parametrize("name", ["t.feather", "t.arrow", "t.IPC", "stream.arrow"])
def test_an_arrow_file_is_converted_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    in_this_process(monkeypatch)
    opened = pa.ipc.new_stream if name.startswith("stream") else pa.ipc.new_file
    with opened(tmp_path / name, MIXED.schema) as writer:
        writer.write_table(MIXED)
    found = table(tmp_path, name)
    assert content(found) == {"a": [1, None], "b": [0.5, None], "c": ["x", None]}
    assert found.changes == (
        "d is list<item: int64>, and left out",
        f"its {Path(name).suffix.lower()} is converted once, into the Parquet that engines read",
    )


def test_json_lines_are_converted_with_the_types_that_are_declared(tmp_path: Path) -> None:
    (tmp_path / "t.ndjson").write_text(
        '{"a": 1, "day": "2024-01-31", "s": null, "o": {"x": 1}}\n{"a": 2, "day": null}\n'
    )
    found = table(tmp_path, "{path: t.ndjson, schema: {s: string, day: date, a: float}}")
    assert content(found) == {
        "a": [1.0, 2.0],
        "day": [date(2024, 1, 31), None],
        "s": [None, None],
    }
    assert found.changes[0] == "o is struct<x: int64>, and left out"


def test_numbers_of_json_that_lose_digits_are_told(tmp_path: Path) -> None:
    text = '{"id": 12345678901234567891, "v": 1}\n{"id": 2, "v": 1.5}\n'
    (tmp_path / "t.jsonl").write_text(text)
    told, kind = table(tmp_path, "t.jsonl").changes
    assert told == "id has numbers beyond 2^53, and is read as floats, of 15 digits"
    assert kind.startswith("its .jsonl is converted once")


@pytest.mark.parametrize("name", ["t.feather", "t.jsonl"])
def test_a_file_that_is_not_what_it_is_called_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("neither of them")
    assert error_of(tmp_path, name).startswith(f"w.yaml:3: table 't': {name} is damaged, or not ")


@pytest.mark.parametrize("name", ["t.arrow", "t.parquet"])
def test_a_text_that_is_none_or_lies_beyond_the_file_is_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    in_this_process(monkeypatch)
    texts = pa.Array.from_buffers(pa.string(), 2, pa.array([b"\xff", b"abc"]).buffers())
    (pq.write_table if name == "t.parquet" else feather.write_feather)(
        pa.table({"a": [1, 2], "s": texts}), tmp_path / name
    )
    assert f"{name} is damaged, or n" in error_of(tmp_path, name)
    if name == "t.arrow":
        offsets = pa.array([0, 99_999, 64], pa.int32()).buffers()[1]
        texts = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"a" * 64)])
        with pa.ipc.new_file(tmp_path / name, pa.schema({"s": pa.string()})) as writer:
            writer.write_batch(pa.record_batch({"s": texts}))
        assert "99999 > 64" in error_of(tmp_path, name)


def test_several_paths_are_one_table_and_home_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_this_process(monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "a.csv").write_text("a\n1\n")
    (tmp_path / "b.csv").write_text("a\n2\n")
    assert content(table(tmp_path, "[b.csv, ~/a.csv]")) == {"a": [2, 1]}
    assert content(table(tmp_path, "{path: [~/*.csv, b.csv, b.csv]}")) == {"a": [1, 2]}
    assert "there is no file 'c.csv'" in error_of(tmp_path, "[b.csv, c.csv]")


def test_a_folder_and_a_glob_are_read_in_the_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, value in (("b", 2), ("a", 1)):
        (tmp_path / "in" / f"{name}.csv").write_text(f"v\n{value}\n")
    (tmp_path / "in" / "notes.txt").write_text("not a table")
    assert content(table(tmp_path, "in")) == {"v": [1, 2]}
    assert content(table(tmp_path, "in/*.csv")) == {"v": [1, 2]}


def test_a_csv_that_readers_disagree_on_is_copied_plainly(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("at,x\n2013-01-31T10:00:00Z,nan\n2013-01-31T11:00:00Z,1\n")
    t = table(tmp_path, "t.csv", Input.CSV)
    assert t.csv[0].read_text() == (
        "at,x\n2013-01-31 10:00:00.000000,\n2013-01-31 11:00:00.000000,1\n"
    )
    assert content(t)["at"] == [datetime(2013, 1, 31, 10), datetime(2013, 1, 31, 11)]


def test_a_canonical_parquet_file_is_used_in_place(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1, None], "b": [0.5, 1.0]}), tmp_path / "t.parquet")
    t = table(tmp_path, "t.parquet")
    assert t.parquet == (tmp_path / "t.parquet",)
    assert [column.nullable for column in t.schema] == [True, False]


def test_nulls_are_counted_where_the_footer_does_not_say(tmp_path: Path) -> None:
    content = pa.table({"a": [1, None], "b": [1, 2]})
    pq.write_table(content, tmp_path / "t.parquet", write_statistics=False)
    t = table(tmp_path, "t.parquet")
    assert t.parquet == (tmp_path / "t.parquet",)
    assert [column.nullable for column in t.schema] == [True, False]


@pytest.mark.parametrize("kind", ["canonical", "without statistics", "dictionary", "csv"])
def test_special_values_are_noted_however_a_table_is_read(tmp_path: Path, kind: str) -> None:
    values = pa.table(
        {
            "a": ["plain", "größe", None, "İ", "\r", "日本語"],
            "b": ["ö"] * 6,
            "c": [1, None, 2**53, -(2**53), 0, 1],
            "d": [1, None, 2**53 + 1, 3, 4, 5],
            "e": [None, None, 4, 5, 6, -(2**63)],
            "f": [0.5, None, float("-inf"), 2.0, 3.0, -1e15],
            "g": [0.5, None, -1e17, 2.0, 3.0, 1.0],
            "h": [None, True, False, True, False, None],
            "i": [1e154, None, 0.5, 1.0, 2.0, -1e155],
            "j": [0.0, None, 0.5, -0.0, 2.0, -1.0],
            "k": [0.0, None, 0.5, 0.0, 2.0, -1.0],
            "l": ["a", None, "b\tc", "d", "e", "f"],
        }
    )
    if kind == "csv":
        rows = [[("" if v is None else v) for v in row.values()] for row in values.to_pylist()]
        rows[4][0] = "plain"  # what a line ends with
        with (tmp_path / "t.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([values.column_names, *rows])
    else:
        encoded = values.set_column(0, "a", values["a"].dictionary_encode())
        own = encoded if kind == "dictionary" else values
        statistics = kind != "without statistics"
        file = tmp_path / "t.parquet"
        pq.write_table(own, file, row_group_size=2, write_statistics=statistics)
    t = table(tmp_path, f"{{path: t.{'csv' if kind == 'csv' else 'parquet'}}}")
    in_place = kind in ("canonical", "without statistics")
    assert (t.parquet == (tmp_path / "t.parquet",)) is in_place
    found = {column.name: column.special for column in t.schema if column.special}
    assert found == {
        "a": (Special.UPPER, Special.LOWER, Special.FOLDED)
        + (() if kind == "csv" else (Special.BREAK,)),
        "d": (Special.BEYOND,),
        "e": (Special.BEYOND, Special.LEAST),
        "f": (Special.INFINITE,),
        "g": (Special.LARGE,),
        "i": (Special.LARGE, Special.SQUARED),
        "j": (Special.MINUS_ZERO,),
        "l": (Special.BREAK,),
    }


def test_parquet_types_become_canonical_in_a_copy(tmp_path: Path) -> None:
    noon = datetime(2013, 1, 31, 12, tzinfo=UTC)
    pq.write_table(
        pa.table(
            {
                "int32": pa.array([1], pa.int32()),
                "float32": pa.array([0.5], pa.float32()),
                "money": pa.array([Decimal("0.07")], pa.decimal128(15, 2)),
                "large": pa.array(["x"], pa.large_string()),
                "category": pa.array(["y"]).dictionary_encode(),
                "date64": pa.array([date(2013, 1, 31)], pa.date64()),
                "zoned": pa.array([noon], pa.timestamp("ms", "America/New_York")),
                "nanos": pa.array([1], pa.timestamp("ns")),
                "nan": [float("nan")],
                "list": [[1, 2]],
            }
        ),
        tmp_path / "t.parquet",
    )
    t = table(tmp_path, "t.parquet")
    assert t.parquet != (tmp_path / "t.parquet",)
    assert content(t) == {
        "int32": [1],
        "float32": [0.5],
        "money": [0.07],
        "large": ["x"],
        "category": ["y"],
        "date64": [date(2013, 1, 31)],
        "zoned": [datetime(2013, 1, 31, 12)],
        "nanos": [datetime(1970, 1, 1)],
        "nan": [None],
    }
    assert {column.name for column in t.schema if column.nullable} == {"nan"}


def test_one_nan_in_a_canonical_file_makes_a_copy(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1.5, float("nan")]}), tmp_path / "t.parquet")
    t = table(tmp_path, "t.parquet")
    assert content(t) == {"a": [1.5, None]}
    assert t.schema == (Column("a", Type.FLOAT64),)


def test_parquet_is_written_as_csv_for_a_csv_run(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1, None], "b": ["x, y", "z"]}), tmp_path / "t.parquet")
    t = table(tmp_path, "t.parquet", Input.CSV)
    assert t.csv[0].read_text() == 'a,b\n1,"x, y"\n,"z"\n'
    assert table(tmp_path, "t.parquet", Input.MEMORY).csv == ()


def test_empty_text_is_not_written_as_csv(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": ["", "x"]}), tmp_path / "t.parquet")
    assert "holds empty text, which CSV cannot tell from NULL; use input: parquet" in error_of(
        tmp_path, "t.parquet", Input.CSV
    )


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n")
    assert content(table(tmp_path, "t.csv")) == {"a": [1]}
    (tmp_path / "t.csv").write_text("a\n2\n")
    os.utime(tmp_path / "t.csv", (time.time() + 5, time.time() + 5))
    assert content(table(tmp_path, "t.csv")) == {"a": [2]}


def test_the_schemas_of_files_are_those_of_their_tables(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n")
    prepared = table(tmp_path, "t.csv")
    with Cache(tmp_path / "cache") as cache:
        found = schemas(load(tmp_path / "w.yaml"), "any", cache)
    assert found == {"t": prepared.schema}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "t.csv is empty; a CSV file begins with a line of column names"),
        ("a,b\n", "has a header and no rows, so that its types are unknown; declare them"),
        ("a,,b\n1,2,3\n", "t.csv: column 2 has no name; give it one in the header"),
        ("a,A\n1,2\n", "t.csv: two columns are called 'a' and 'A', which SQL cannot tell apart"),
        ("a,b\n1,2,3\n", "t.csv cannot be read as CSV: CSV parse error: Expected 2 columns, got 3"),
    ],
)
def test_a_csv_that_cannot_be_a_table_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    assert message in error_of(tmp_path, "t.csv")


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"a,b\n\xff\xfe,2\n")
    told = error_of(tmp_path, "t.csv")
    assert "t.csv is not UTF-8" in told and "for example: iconv -f" in told


def test_a_declared_type_that_does_not_fit_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\nNA\n")
    message = error_of(tmp_path, "{path: t.csv, schema: {a: int64}}")
    assert message.startswith("w.yaml:3: table 't': column 'a' is not all int64: ")
    assert "'NA'" in message
    assert message.endswith("declare it as string, or add what means NULL to null_values")


def test_a_declared_column_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("carrier\nAA\n")
    assert error_of(tmp_path, "{path: t.csv, schema: {carier: string}}") == (
        "w.yaml:3: table 't': t.csv has no column 'carier'; did you mean 'carrier'?"
    )


def test_a_file_that_is_not_there_is_told_with_a_near_one(tmp_path: Path) -> None:
    (tmp_path / "flights.csv").write_text("a\n1\n")
    (tmp_path / "notes.txt").write_text("x")
    assert error_of(tmp_path, "flihgts.csv") == (
        "w.yaml:3: table 't': there is no file 'flihgts.csv'; did you mean 'flights.csv'?"
    )
    assert error_of(tmp_path, "data/flights.csv") == (
        "w.yaml:3: table 't': there is no file 'data/flights.csv'; the folder 'data' does not exist"
    )
    assert error_of(tmp_path, "'z*.csv'") == (
        f"w.yaml:3: table 't': 'z*.csv' matches no {ENDINGS} file"
    )
    assert error_of(tmp_path, "notes.txt") == (
        f"w.yaml:3: table 't': 'notes.txt' is not a {ENDINGS} file"
    )


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "in" / "b.csv").write_text("a,c\n1,2\n")
    assert "in/b.csv: column 'c' stands where a.csv has 'b'" in error_of(tmp_path, "in")
    (tmp_path / "in" / "b.csv").rename(tmp_path / "in" / "b.parquet")
    assert "holds both CSV and Parquet" in error_of(tmp_path, "in")


def test_parquet_files_of_one_table_have_the_same_types(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"a": ["x"]}), tmp_path / "b.parquet")
    assert "b.parquet: column 'a' is string, but int64 in a.parquet" in error_of(
        tmp_path, "'*.parquet'"
    )


def test_a_file_that_is_not_parquet_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_text("not parquet at all")
    assert error_of(tmp_path, "t.parquet").startswith(
        "w.yaml:3: table 't': t.parquet is damaged, or no Parquet file: "
    )


def test_a_number_that_64_bits_do_not_hold_is_told(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": pa.array([2**63], pa.uint64())}), tmp_path / "t.parquet")
    assert "column 'a' is not int64" in error_of(tmp_path, "t.parquet")


@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize("unit", ["us", "ms"])  # used in place, and copied
@pytest.mark.parametrize(
    ("column", "value"),
    [("day", 2**31 - 1), ("day", -(2**31) + 1), ("day", 2_932_897), ("moment", -(2**63) + 1)],
)
def test_dates_that_python_cannot_hold_are_told_with_their_column(
    tmp_path: Path, column: str, value: int, unit: str, statistics: bool
) -> None:
    if unit == "ms":
        value = int(value / 1000) if column == "moment" else value
    kinds = {"day": pa.date32(), "moment": pa.timestamp(unit)}
    held = {name: [value if name == column else 0, None] for name in kinds}
    content = {name: pa.array(held[name], "int64").cast(pa.int32() if name == "day" else "int64")
               .cast(kind) for name, kind in kinds.items()}  # fmt: skip
    pq.write_table(pa.table(content), tmp_path / "t.parquet", write_statistics=statistics)
    assert error_of(tmp_path, "t.parquet").endswith(
        f"t.parquet: column {column!r} has a date outside of the years 1 to 9999, or an infinite "
        "one, which Python's libraries cannot hold; replace it, by NULL for example"
    )
