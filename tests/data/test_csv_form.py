"""Engines get a user's CSV file if all of them read it alike, and else a copy in the cache."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harness.data import csv_form
from harness.data.cache import Cache
from harness.data.prepare import prepare
from harness.errors import DataError, Unsupported
from harness.tables import CsvFormat, Input, Table
from harness.verify.compare import compare
from harness.workload.compiler import described
from harness.workload.file import load
from tests.support.in_process import installed
from tests.support.reading import read_by, spec_of

pytestmark = pytest.mark.usefixtures("one_reader")

AGREED = {
    "plain": "a,b\n1,x\n2,\n",
    "without a last end": "a,b\n1,x\n2,y",
    "of Windows": "a,b\r\n1,x\r\n,y\r\n",
    "quoted as a whole": 'a,b\n"1","x, ""y"""\n2,"""z"\n',
    "a quoted header": '"a",b\n1,x\n',
    "numbers": "a,b\n-1,1.5e-07\n0,-0.0\n9223372036854775807,0.30000000000000004\n",
    "dates": "a,b\n1700-01-01,2199-12-31\n,1969-12-31\n",
    "times": "a,b\n2020-01-31 10:00:00,2020-01-31T10:00:00.123\n,2020-01-31T10:00:01.000\n",
    "words": "a,b\ntrue,TRUE\nfalse,nan x\n",
    "a header alone": "a,b\n",
}
IRREGULAR = {
    "a quotation mark within": 'a,b\n1,a"b\n2,c\n',
    "two of them": 'a,b\n1,a"b"\n2,c\n',
    "text after a quoted field": 'a,b\n1,"x"y\n2,c\n',
    "a space before one": 'a,b\n1, "x"\n2,c\n',
    "a quoted nothing": 'a,b\n1,""\n2,c\n',
    "a line break in text": 'a,b\n1,"x\ny"\n2,c\n',
    "a return in text": 'a,b\n1,"x\ry"\n2,c\n',
    "a blank line": "a,b\n1,x\n\n2,y\n",
    "a blank line of Windows": "a,b\r\n1,x\r\n\r\n2,y\r\n",
    "a blank line at the end": "a,b\n1,x\n\n",
    "lines that end in a return": "a,b\r1,x\r2,y\r",
    "both ends of lines": "a,b\r\n1,x\n2,y\r\n",
    "a name like compressed bytes": "x^,b\n1,x\n",
    "a byte order mark": "\ufeffa,b\n1,x\n",
    "a bare point": "a,b\n1,.5\n2,1e3\n",
    "long numbers": "a,b\n1,1234567890123456.5\n2,2.5\n",
    "times of two forms": "a,b\n1,2020-01-31 10:00:00\n2,2020-01-31T10:00:00\n",
    "fractions of two lengths": "a,b\n1,2020-01-31 10:00:00.123\n2,2020-01-31 10:00:00\n",
    "a time before pandas'": "a,b\n1,1600-01-01 00:00:00\n2,2020-01-31 10:00:00\n",
    "a date before pandas'": "a,b\n1,1600-01-01\n2,2020-01-31\n",
}
NAMES = ['a "q"', " a", "a ", "x^", "", "\ufeffa", "a\nb", "#a", "-"]
TYPES = {"a header alone": "{a: int64, b: string}"}


def prepared(folder: Path, more: str, cache: Cache, name: str = "t.csv") -> Table:
    path = folder / "w.yaml"
    spec = f"{{path: {name!r}{more}}}"
    path.write_text(f"title: w\ntables:\n  t: {spec}\nqueries:\n  q: select 1\n")
    workload = load(path)
    table = prepare(workload, "any", Input.CSV, cache).tables["t"]
    assert described(workload, {"t": table.schema})["t"].csv_format == table.csv_format
    return table


def every_engine_agrees(table: Table) -> list[str]:
    """Checks that each engine reads a table's CSV rightly; returns those that say they cannot."""
    expected, cannot = pq.read_table(list(table.parquet)), []
    for engine in installed(reads=Input.CSV):
        try:
            answer = read_by(engine, table, Input.CSV)
        except Unsupported:
            cannot.append(engine)
        else:
            assert compare(answer, expected, spec_of(table), False) is None, engine
    return cannot


@pytest.mark.parametrize("kind", AGREED)
def test_a_file_on_which_readers_agree_is_not_copied(tmp_path: Path, kind: str) -> None:
    (tmp_path / "t.csv").write_bytes(AGREED[kind].encode())
    with Cache(tmp_path / "cache") as cache:
        more = f", schema: {TYPES[kind]}" if kind in TYPES else ""
        table = prepared(tmp_path, more, cache)
        assert table.csv == (tmp_path / "t.csv",)
        assert not every_engine_agrees(table)


@pytest.mark.parametrize("kind", IRREGULAR)
def test_one_on_which_they_do_not_is_copied(tmp_path: Path, kind: str) -> None:
    (tmp_path / "t.csv").write_bytes(IRREGULAR[kind].encode())
    with Cache(tmp_path / "cache") as cache:
        table = prepared(tmp_path, "", cache)
        assert table.csv != (tmp_path / "t.csv",)
        assert not every_engine_agrees(table)


@pytest.mark.parametrize("nulls", [["NA"], ["", "NA"], ["007"], ['x,"y"'], ["-", "1"]])
def test_what_means_null_means_it_to_every_engine(tmp_path: Path, nulls: list[str]) -> None:
    (tmp_path / "t.csv").write_text('a;b\n7;NA\nNA;007\n1;"x,""y"""\n-;-\n3;z\n')
    with Cache(tmp_path / "cache") as cache:
        table = prepared(tmp_path, f", delimiter: ';', null_values: {nulls}", cache)
        assert table.csv != (tmp_path / "t.csv",) and table.csv_format == CsvFormat(";")
        assert not every_engine_agrees(table)


@pytest.mark.parametrize("delimiter", [";", "|", "\\t", "-", ":", "."])
def test_a_delimiter_is_that_of_what_engines_read(tmp_path: Path, delimiter: str) -> None:
    character = delimiter.replace("\\t", "\t")
    text = "a;b\n1;x\n2;y\n".replace(";", character)
    (tmp_path / "t.csv").write_text(text)
    with Cache(tmp_path / "cache") as cache:
        table = prepared(tmp_path, f', delimiter: "{delimiter}"', cache)
        assert (table.csv == (tmp_path / "t.csv",)) == (character in ";|\t")
        assert not every_engine_agrees(table)


def test_several_files_are_one_to_engines(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"t{number}.csv").write_text(f"a,b\n{number},x\n")
    with Cache(tmp_path / "cache") as cache:
        table = prepared(tmp_path, "", cache, "t*.csv")
        assert len(table.csv) == 1
        assert not every_engine_agrees(table)


def test_a_packed_file_is_looked_at_as_it_unpacks(tmp_path: Path) -> None:
    for kind, texts in (("place", AGREED["plain"]), ("copy", IRREGULAR["a blank line"])):
        (tmp_path / "t.csv.gz").write_bytes(gzip.compress(texts.encode()))
        with Cache(tmp_path / "cache") as cache:
            table = prepared(tmp_path, "", cache, "t.csv.gz")
            assert (table.csv == (tmp_path / "t.csv.gz",)) == (kind == "place")
            assert not every_engine_agrees(table)


def test_text_of_several_lines_in_a_long_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("s\n" + 'plain\n"one\ntwo"\n' * 100_000)
    with Cache(tmp_path / "cache") as cache, pytest.raises(DataError, match="text of several line"):
        prepared(tmp_path, "", cache)


@pytest.mark.parametrize("block", [7, 16, 64])
def test_where_blocks_end_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(csv_form, "BLOCK_BYTES", block)
    file = tmp_path / "t.csv"
    for texts, agreed in ((AGREED, True), (IRREGULAR, False)):
        for kind, text in texts.items():
            if text.startswith("a,b") and "," not in kind:
                file.write_bytes(text.encode())
                found = csv_form.narrow(file, ["a", "b"], CsvFormat())
                assert found == agreed or kind in VALUES, kind


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_plain_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "t.csv").write_text(f"{name},b\n1,x\n")
    assert not csv_form.narrow(tmp_path / "t.csv", [name, "b"], CsvFormat())


ODD_NAMES = ['a "q"', '"', "x^", "a\nb", "a\r\nb", "#a", "-", "a,b", "a\\b", "Unnamed: 0"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_read_as_they_are_or_the_engine_cannot(tmp_path: Path, name: str) -> None:
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([[name, "b"], [1, "x"], [2, "y"]])
    with Cache(tmp_path / "cache") as cache:
        table = prepared(tmp_path, "", cache)
        assert [column.name for column in table.schema] == [name, "b"]
        refusing = set(every_engine_agrees(table))
        assert all(each.startswith("polars") and '"' in name for each in refusing)


MARKED = {
    "\ufeffa,b": "a",
    '\ufeff"a",b': "a",
    "\ufeff\ufeffa,b": "\ufeffa",
    '"\ufeffa",b': "\ufeffa",
    '\ufeff"\ufeffa",b': "\ufeffa",
}
"""Headers -> the first name. One byte order mark that begins a file is none of its text."""


@pytest.mark.parametrize("header", MARKED)
def test_one_byte_order_mark_is_none_of_a_name(tmp_path: Path, header: str) -> None:
    (tmp_path / "t.csv").write_text(f"{header}\n1,x\n2,y\n", encoding="utf-8")
    with Cache(tmp_path / "cache") as cache:
        table = prepared(tmp_path, "", cache)
        assert [column.name for column in table.schema] == [MARKED[header], "b"]
        assert not every_engine_agrees(table)


VALUES = {
    *("a bare point", "long numbers", "times of two forms", "fractions of two lengths"),
    *("a time before pandas'", "a date before pandas'"),
}
"""What the form of a file says nothing of: what is in its fields."""
