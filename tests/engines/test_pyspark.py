"""PySpark: the Java it needs, where it listens, what it is given, and what its programs say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from harness import engines
from harness.engines.pyspark.tables import read
from harness.machine import java
from harness.machine.worker_server import describe
from harness.plan import compile_query
from harness.tables import Input, Table
from harness.types import Column, Type
from tests.places import SEMANTICS
from tests.support.in_process import InProcess, installed, read_tables

engine = type(engines.get("pyspark"))()
frames = engines.get("pyspark-df")


def home_of(folder: Path, version: str) -> str:
    """Makes a folder that looks like an installation of this version of Java; returns its path."""
    program = folder / "bin" / "java"
    program.parent.mkdir()
    program.touch(0o755)
    (folder / "release").write_text(f'IMPLEMENTOR="Any"\nJAVA_VERSION="{version}"\n')
    return str(folder)


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("17.0.15", None),
        ("21", None),
        ("11.0.2", "Java 11 is here, and 17 or newer is needed"),
        ("1.8.0_402", "Java 8 is here, and 17 or newer is needed"),
    ],
)
def test_a_java_that_is_too_old_is_told(
    version: str, told: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", home_of(tmp_path, version))
    assert java.unavailable(oldest=17) == told


def test_without_java_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert (
        java.unavailable(oldest=17)
        == "there is no Java: install version 17 or newer, or set JAVA_HOME"
    )


def test_spark_listens_on_loopback_unless_a_cluster_is_elsewhere() -> None:
    local = {"SPARK_LOCAL_IP": "127.0.0.1"}
    assert java.on_loopback(None) == local
    assert java.on_loopback("spark://127.0.0.1:7077") == local
    assert java.on_loopback("spark://head.example:7077") == {}


def test_a_connect_server_needs_no_java_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyspark")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    own = type(engine)()
    assert "there is no Java" in (own.unavailable() or "")
    own.address = "sc://somewhere:15002"
    assert own.unavailable() is None


HERE = [name for name in ("pyspark", "pyspark-df") if name in installed(serving=True)]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    tables = read_tables(SEMANTICS / "tables.yaml")
    with InProcess(tables, tmp_path_factory.mktemp("spark")) as sessions:
        yield sessions


@pytest.mark.parametrize("name", HERE)
@pytest.mark.parametrize(
    "sql",
    [
        "select '${env:HOME} ${system:user.home} ${spark.app.name}' || w as x from people",
        "select id as \"${env:HOME}\" from people where w <> '${env:HOME}'",
        'select percentile_disc(0.5) within group (order by "${env:HOME}") as x '
        'from (select id as "${env:HOME}" from people) as q',
    ],
)
def test_no_query_reads_variables_of_the_process(name: str, sql: str, started: InProcess) -> None:
    """Spark would put the values of variables into a text of SQL, and so into an answer."""
    assert started.verdict(name, sql).outcome == "ok"


@pytest.mark.usefixtures("started")  # which ends the session
@pytest.mark.parametrize("name", HERE)
def test_a_column_of_a_csv_file_may_be_called_as_sparks_own(name: str, tmp_path: Path) -> None:
    file, engine = tmp_path / "t.csv", engines.get(name)
    file.write_text("_corrupt_record,_metadata\nq,1\n")
    schema = (Column("_corrupt_record", Type.STRING), Column("_metadata", Type.INT64))
    tables = {"t": Table("t", schema, 1, csv=(file,))}
    session = engine.start(threads=2)
    session.scan(tables["t"], Input.CSV)
    query = compile_query("select * from t", {"t": schema})
    session.prepare(engine.compile(query, tables, Input.CSV))
    assert session.to_arrow(session.run()).to_pylist() == [{"_corrupt_record": "q", "_metadata": 1}]


class Py4JJavaError(Exception):
    """An error with the name and the text of one that Java has raised."""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "An error occurred while calling o1.getResult.\n: org.Outer: awaiting \n\tat a.b(c)\n"
            "Caused by: org.Middle: [READING] a file\n\t... 2 more\nCaused by: org.Deep: row 'q'\n",
            "org.Deep: row 'q'",
        ),
        (
            "An error occurred while calling o1.x.\n: java.lang.Error: full\n",
            "java.lang.Error: full",
        ),
    ],
)
def test_an_error_in_java_is_told_by_its_cause(text: str, message: str) -> None:
    assert describe(Py4JJavaError(text)).message == message


def test_spark_is_given_the_types_of_parquet_which_it_would_run_a_job_to_find() -> None:
    spark, columns = Mock(), (Column("a`b", Type.INT64), Column("t", Type.TIMESTAMP))
    read(spark, Table("t", columns, 1, (Path("/t.parquet"),)), Input.PARQUET)
    spark.read.schema.assert_called_once_with("`a``b` BIGINT, `t` TIMESTAMP_NTZ")
    spark.read.schema.return_value.parquet.assert_called_once_with("file:///t.parquet")


def program(sql: str) -> str:
    """The program of DataFrames for a query over a table with odd names."""
    schema = (Column("a.b", Type.INT64), Column("w", Type.STRING), Column("v", Type.FLOAT64))
    tables = {"t": Table("t", schema, 3)}
    return frames.compile(compile_query(sql, {"t": schema}), tables, Input.MEMORY).text


@pytest.mark.parametrize(
    ("sql", "part"),
    [
        ('select "a.b" from t', '.select("`a.b`")'),
        ('select "a.b" + 1 as "c.d" from t', '(F.col("`a.b`") + 1).alias("c.d")'),
        ('select sum("a.b") as s from t', 'F.sum("`a.b`")'),
        ('select w from t order by "a.b" desc', '.orderBy(F.desc("`a.b`"))'),
    ],
)
def test_a_dot_in_a_name_reaches_into_no_struct(sql: str, part: str) -> None:
    assert part in program(sql)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("length(w) * 2000000000", 'F.length("w").cast("long") * 2000000000'),
        ("length(w) > 3", 'F.length("w") > 3'),
        (
            "(case when v > 0 then 2000000000 else 1 end) * 2",
            '.otherwise(1).cast("long") * 2',
        ),
        ('"a.b" * 2', 'F.col("`a.b`") * 2'),
    ],
)
def test_what_spark_holds_in_32_bits_is_computed_in_64(value: str, text: str) -> None:
    assert text in "".join(program(f"select {value} as x from t").split("\n            "))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("regexp_replace(w, '(a)b', '[\\1]', 'g')", '"(a)b", "[$1]"'),
        ("regexp_replace(w, '(a)b', '[\\1]')", '"(?:(a)b)([\\\\s\\\\S]*)", "[$1]$2"'),
        ("regexp_extract(w, 'a.$')", '"(?d)a.\\\\z", 0'),
    ],
)
def test_a_pattern_means_to_java_what_it_means_to_duckdb(call: str, text: str) -> None:
    assert text in program(f"select {call} as x from t")


def test_windows_of_one_definition_are_one_variable() -> None:
    window = "over (partition by w order by v)"
    text = program(f"select rank() {window} as r, lag(v) {window} as b from t")
    assert text.count("Window.") == 1 and text.count(".over(by_w)") == 2
