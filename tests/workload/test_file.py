"""What a workload file may say, and what is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import WorkloadError
from harness.tables import CsvFormat, Input
from harness.types import Type
from harness.workload.file import Workload, load
from harness.workload.own_code import named
from tests.places import WORKLOADS

SMALLEST = """\
tables:
  flights: data/flights.csv
queries:
  all: select * from flights
"""

GENERATED = """\
data:
  generator: groupby
  sizes:
    small: {rows: 1e3, groups: 10}
    small-nulls: {rows: 1_000, nulls: 0.5}
queries:
  all: select * from x
"""


def loaded(folder: Path, text: str, name: str = "flights.yaml") -> Workload:
    path = folder / name
    path.write_text(text)
    return load(path)


def test_the_smallest_file_works(tmp_path: Path) -> None:
    workload = loaded(tmp_path, SMALLEST)
    assert (workload.name, workload.title) == ("flights", "flights")
    assert workload.inputs == (Input.MEMORY,)
    assert workload.tables["flights"].path == "data/flights.csv"
    assert [(query.name, query.title, query.sql) for query in workload.queries] == [
        ("all", "all", "select * from flights")
    ]


def test_a_query_knows_the_line_of_its_name_and_of_its_sql(tmp_path: Path) -> None:
    text = "tables: {t: t.csv}\nqueries:\n  short: select 1\n  block: |\n    select 2\n"
    text += "  long:\n    title: Long\n    sql: |\n      select 3\n"
    workload = loaded(tmp_path, text)
    assert [(q.name, q.line, q.sql_line) for q in workload.queries] == [
        ("short", 3, 3),
        ("block", 4, 5),
        ("long", 6, 9),
    ]


def test_the_long_forms_are_read(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("def total(t): ...\n")
    workload = loaded(
        tmp_path,
        """\
title: Long forms
input: [csv, memory, csv]
tables:
  t:
    path: t.csv
    schema: {a: int64, b: Text, c: datetime}
    null_values: [NA, "-"]
    delimiter: ";"
queries:
  total:
    title: The total
    sql: select sum(a) from t
    write: parquet
    tolerance: 1e-3
    native: {pandas: "own.py:total"}
""",
    )
    table, query = workload.tables["t"], workload.query("total")
    assert workload.inputs == (Input.CSV, Input.MEMORY)
    assert table.declared == {"a": Type.INT64, "b": Type.STRING, "c": Type.TIMESTAMP}
    assert table.csv_format == CsvFormat(";", ("NA", "-"))
    assert (query.title, query.write, query.tolerance) == ("The total", "parquet", 1e-3)
    assert query.native == {"pandas": {"own": "own.py:total"}}


def test_each_own_program_has_a_name_of_its_own() -> None:
    alike = ("old/own.py:f", "new/own.py:f", "new/own.py:g", "a b.py:f", "a_b.py:f")
    names = ("old_own.f", "new_own.f", "own.g", "a_b.f-4", "a_b.f-5")
    assert named(alike) == dict(zip(names, alike, strict=True))


def test_keys_that_yaml_takes_for_booleans_and_numbers_stay_names(tmp_path: Path) -> None:
    workload = loaded(tmp_path, "tables: {on: a.csv, no: b.csv}\nqueries: {yes: select 1}\n")
    assert list(workload.tables) == ["on", "no"]
    assert workload.queries[0].name == "yes"


def test_files_have_their_own_size_whatever_is_asked(tmp_path: Path) -> None:
    workload = loaded(tmp_path, SMALLEST)
    assert workload.sizes == ("own",)
    assert workload.size("large") == "own"


@pytest.mark.parametrize(
    ("requested", "size", "rows"),
    [
        ("1e4", "1e4", 10_000),
        ("10000", "1e4", 10_000),
        ("10_000", "1e4", 10_000),
        ("2.5E6", "2.5e6", 2_500_000),
        ("336776", "336776", 336_776),
        ("120", "120", 120),
    ],
)
def test_a_size_may_be_a_number_of_rows(
    tmp_path: Path, requested: str, size: str, rows: int
) -> None:
    workload = loaded(tmp_path, GENERATED, "groupby.yaml")
    assert workload.size(requested) == workload.size(size) == size
    assert workload.data is not None
    assert workload.data.params(size).model_dump()["rows"] == rows


def test_a_number_of_rows_that_cannot_be_is_told(tmp_path: Path) -> None:
    workload = loaded(tmp_path, GENERATED, "groupby.yaml")
    with pytest.raises(WorkloadError, match="groupby of 1e12 rows: Input should be less than"):
        workload.size("1e12")
    for strange in ("1.5", "0", "1e999", "-5", "e6", "1e-3"):
        with pytest.raises(WorkloadError, match="no size"):
            workload.size(strange)


def test_rows_of_tpch_are_those_of_its_largest_table() -> None:
    workload = load(WORKLOADS / "tpch.yaml")
    assert workload.data is not None
    assert workload.data.params(workload.size("6e5")).model_dump()["scale"] == 0.1


def test_a_generator_has_the_sizes_that_are_declared(tmp_path: Path) -> None:
    workload = loaded(tmp_path, GENERATED, "groupby.yaml")
    assert workload.sizes == ("small", "small-nulls")
    assert workload.size("small") == "small"
    assert workload.data is not None
    assert workload.data.sizes["small"].model_dump()["rows"] == 1000
    with pytest.raises(WorkloadError, match=r"no size 'smal'; did you mean 'small'\?"):
        workload.size("smal")
    with pytest.raises(WorkloadError, match="no size 'huge'; declared sizes: small, small-nulls"):
        workload.size("huge")


def test_a_generator_without_parameters_has_one_size(tmp_path: Path) -> None:
    workload = loaded(tmp_path, "data: {generator: flights}\nqueries: {a: select 1}\n")
    assert workload.size("medium") == "own"


def test_an_unknown_query_is_told_with_a_near_one(tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match=r"no query 'al'; did you mean 'all'\?"):
        loaded(tmp_path, SMALLEST).query("al")
