"""Wrong workloads through ``pytest --benchmark``: an error has file, line, fault and remedy."""

from __future__ import annotations

import re
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.fakes import unreadable_files
from tests.support.benchmark_runs import TABLE, Done, Project

TABLES = "tables: {t: t.csv}\n"
QUERY = "queries:\n  q1: select k from t\n"


def query(sql: str) -> str:
    return f"{TABLES}queries:\n  q1: |\n    {sql}\n"


def table(path: str) -> str:
    return f'tables: {{t: "{path}"}}\n{QUERY}'


BOMB = "a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\n"
GENERATED = "data:\n  generator: groupby\n  sizes: {tiny: {rows: 100}}\n"

MISTAKES = {
    "na": ("d\n1\nNA\n3\n", "avg(d)", 3, "'NA' (row 2) is no number", "harness new na.csv drafts"),
    "slashes": (
        "d\n2010/01/01\n2011/12/31\n",
        "year(d)",
        3,
        "'2010/01/01' (row 1) is no date",
        "cast(replace(d, '/', '-') as date)",
    ),
    "day_first": (
        "d\n01/02/2020\n31/12/2020\n",
        "year(d)",
        3,
        "'01/02/2020' (row 1) is no date as 2026-12-31",
        "strptime(d, '%d/%m/%Y')",
    ),
    "thousands": ('d\n"1,234.50"\n7\n', "sum(d)", 3, "'1,234.50' (row 1)", "replace(d, ',', '')"),
    "percent": ("d\n12 %\n7 %\n", "sum(d)", 3, "'12 %' (row 1)", "replace(d, '%', '')"),
    "semicolons": ("d;e\n1;2,5\n2;3,5\n", "d", 1, "Expected 1 columns, got 2", "delimiter: ';'"),
    "no_names": ("1,Bonn\n2,Ulm\n3,Ulm\n", "city", 3, "no header", "a line of names above"),
    "times": ("d\n12:30\n07:15\n", "hour(d)", 3, "'12:30' (row 1)", "cast(substr(d, 1, 2)"),
    "spaces": ("dep delay\n1\n", "avg(dep delay)", 3, "cannot be parsed", '"dep delay"'),
    "keyword": ("order\n1\n", "avg(order)", 3, "parse", 'quote the name: "order"'),
}
"""A CSV file with a usual mistake -> file, expression, line, what is wrong, what would be right."""

BAD = {
    "unknown_key": (f"{TABLES}{QUERY}qeries: 1\n", 4, "'qeries'", "did you mean 'queries'?"),
    "missing_table": (f"tables: {{t: u.csv}}\n{QUERY}", 1, "'u.csv'", "did you mean 't.csv'?"),
    "empty_csv": (f"tables: {{t: empty.csv}}\n{QUERY}", 1, "table 't'", "empty"),
    "unknown_column": (query("select kk from t"), 4, "no column 'kk'", "did you mean 'k'?"),
    "unknown_function": (query("select medan(k) as m from t"), 4, "medan", '"median"?'),
    "not_grouped": (query("select k, count(*) from t"), 4, "must appear in the GROUP BY", '"k"'),
    "types_apart": (query("select k from t where k < date '2020-01-01'"), 4, "DuckDB says", "DATE"),
    "no_plain_value": (query("select [k] as l from t"), 4, "BIGINT[], which cannot", "cast it"),
    "sample": (query("select k from t using sample 3"), 4, "SAMPLE", "a query has one answer"),
    "unknown_table": (query("select k from tt"), 4, "no table 'tt'", "did you mean 't'?"),
    "repeated_name": (f"{TABLES}{QUERY}  q1: select x from t\n", 4, "'q1'", "first on line 3"),
    "two_statements": (query("select k from t; select x from t"), 4, "2 statements", "one SELECT"),
    "no_select": (query("drop table t"), 4, "DROP", "a query is a SELECT"),
    "reads_a_file": (query("select * from read_csv('/etc/passwd')"), 4, "READ_CSV", "declares"),
    "file_as_table": (query("select * from '/etc/passwd'"), 4, "no table '/etc/passwd'", "t"),
    "anchor_bomb": (f"{BOMB}{TABLES}{QUERY}", 1, "anchors", "not allowed"),
    "base_60": (f"title: {'1:' * 60}0\n{TABLES}{QUERY}", 1, "a number of 121", "quote it"),
    "long_hex": (f"title: 0x{'f' * 5000}\n{TABLES}{QUERY}", 1, "a number of 5,002", "quote it"),
    "long_names": (table("names.csv"), 1, "has 1,200 characters", "1,000 at most"),
    "many_columns": (table("columns.csv"), 1, "10,001 columns", "10,000 at most"),
    "python_tag": (f"title: !!python/object/apply:os.getcwd []\n{QUERY}", 1, "tag", "plain YAML"),
    "no_such_size": (f"{GENERATED}queries:\n  q1: select id1 from x\n", None, "'small'", "tiny"),
    "reserved_name": (f"{TABLES}queries:\n  pytestmark: select k from t\n", 3, "pytest", "another"),
    "native_engine": (
        f"{TABLES}queries:\n  q1:\n    sql: select k from t\n    native: {{pandsa: t.py:q}}\n",
        3,
        "there is no engine 'pandsa'",
        "did you mean 'pandas'?",
    ),
    "damaged_footer": (table("footer.parquet"), 1, "footer.parquet is damaged, or no Parquet", ""),
    "damaged_pages": (table("pages.parquet"), 1, "pages.parquet is damaged, or no Parquet", ""),
    "cut": (table("cut.parquet"), 1, "cut.parquet is damaged, or no Parquet file", ""),
    "encrypted": (table("encrypted.parquet"), 1, "is encrypted", "write it without encryption"),
    "encrypted_columns": (table("columns.parquet"), 1, "is encrypted", "without encryption"),
    "pipe": (table("pipe.csv"), 1, "'pipe.csv' is a pipe", "a table is read from a file"),
    "pipe_in_a_folder": (table("pipes"), 1, "'one.parquet' is a pipe", "is read from a file"),
    "pipe_by_a_pattern": (table("pipes/*.parquet"), 1, "'one.parquet' is a pipe", "from a file"),
    "socket": (table("socket.csv"), 1, "'socket.csv' is a socket", "a table is read from a file"),
    "device": (table("device.csv"), 1, "'device.csv' is a device", "a table is read from a file"),
    "long_path": (table("a" * 5000), 1, "… (5,000 characters)", "File name too long"),
    "long_pattern": (table("a" * 5000 + "/*.csv"), 1, "(5,006 characters)", "name too long"),
    "nul": (table("a\\0.csv"), 1, "'a\\x00.csv'", "no path holds the character NUL"),
    "everything": (table("/**/*.csv"), 1, "'/**/*.csv'", "name the folder more closely"),
    "accent": (
        f"tables: {{t: {{path: t.csv, delimiter: é}}}}\n{QUERY}",
        1,
        "'delimiter' cannot be 'é'",
        "one ASCII character",
    ),
    "quotation_mark": (
        f"tables: {{t: {{path: t.csv, delimiter: '\"'}}}}\n{QUERY}",
        1,
        "'delimiter' cannot be '\"'",
        "no quotation mark",
    ),
    **{
        name: (
            f"tables: {{u: {name}.csv}}\nqueries:\n  q1: select {sql} from u\n",
            line,
            wrong,
            right,
        )
        for name, (_, sql, line, wrong, right) in MISTAKES.items()
    },
    "nested": (
        "tables: {n: nested.parquet}\nqueries:\n  q1: select tags from n\n",
        3,
        "tags is list<element: string>, and left out",
        "write a row for each element",
    ),
    "address": (table("https://example.com/t.csv"), 1, "is an address", "download it"),
    "native_sql": (
        f"{TABLES}queries:\n  q1:\n    sql: select k from t\n    native: {{duckdb: t.py:q}}\n",
        3,
        "a native program is Python",
        "duckdb runs SQL",
    ),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("bad"))
    project.write(t_csv=TABLE, empty_csv="", t_py="def q(t): ...\n")
    unreadable_files.write_all(project.folder)
    project.write(**{f"{name}_csv": text for name, (text, *_) in MISTAKES.items()})
    pq.write_table(pa.table({"k": [1], "tags": [["a"]]}), project.folder / "nested.parquet")
    return project.write(**{f"{name}_yaml": text for name, (text, *_) in BAD.items()})


@pytest.fixture(scope="module")
def done(project: Project) -> Done:
    """Runs all wrong files at once; pytest reports the error of each."""
    return project.benchmark(".", "--engines", "duckdb")


@pytest.mark.parametrize("name", BAD)
def test_the_message_names_file_and_line_and_what_would_be_right(done: Done, name: str) -> None:
    _, line, wrong, right = BAD[name]
    section = re.search(rf"_ ERROR collecting {name}.yaml _+\n(.*)\n", done.out)
    assert section, done.all
    place = f"{name}.yaml:" if line is None else f"{name}.yaml:{line}: "
    assert place in section[1]
    assert wrong in section[1] and right in section[1]


def test_bad_workloads_stop_the_run_before_anything_is_measured(
    project: Project, done: Done
) -> None:
    assert done.code == 2
    assert "Traceback" not in done.all and "harness/" not in done.out
    assert project.result_files == []


@pytest.mark.parametrize("option", ["--maxfail=9", "-x"])
def test_each_bad_query_of_a_file_is_told_with_its_own_line(project: Project, option: str) -> None:
    text = (
        f"{TABLES}queries:\n  a: select kk from t\n  b: select k from t\n  c: select medan(k) m\n"
    )
    project.write(several_yaml=text)
    done = project.benchmark("several.yaml", "--engines", "duckdb", option)
    before, after = done.out.split("several::b", 1)
    for told in (before, after):
        found = re.findall(r"several.yaml:(\d+): query '(\w)'", told)
        assert found == [("3", "a"), ("5", "c")], done.out
    assert done.code == 1 and "duckdb  ok" in after


def test_what_is_not_as_in_the_files_is_told(project: Project) -> None:
    columns = {"k": [1, 2], "price": [Decimal("1.10"), None], "tags": [["a"], []]}
    pq.write_table(pa.table(columns), project.folder / "sales.parquet")
    project.write(sales_yaml="tables: {s: sales.parquet}\nqueries:\n  q: select k, price from s\n")
    done = project.benchmark("sales.yaml", "--engines", "duckdb")
    told = "table s: price is decimal128(3, 2), and read as floats"
    assert f"sales.yaml: {told}" in done.out and done.code == 0
    assert "table s: tags is list<element: string>, and left out" in done.out
    (workload,) = project.results()["workloads"].values()
    assert workload["notes"][0] == told
    assert told in (project.folder / "results" / "index.html").read_text()


def test_two_files_of_one_name_are_refused(project: Project) -> None:
    for folder in ("one", "two"):
        (project.folder / folder).mkdir()
        file = project.folder / folder / "same.yaml"
        file.write_text(f"tables: {{t: ../t.csv}}\n{QUERY}")
    done = project.benchmark("one/same.yaml", "two/same.yaml", "--engines", "duckdb")
    assert done.code == 4
    assert "have one name" in done.err
