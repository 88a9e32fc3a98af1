"""PySpark: the Java that it needs, where it listens, and what it is given."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pytest

from harness import engines
from harness.engines.sql.spark_session import read
from harness.machine import java
from harness.tables import Input, Table
from harness.types import Column, Type

engine = type(engines.get("pyspark"))()


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


def test_spark_is_given_the_types_of_parquet_which_it_would_run_a_job_to_find() -> None:
    spark, columns = Mock(), (Column("a`b", Type.INT64), Column("t", Type.TIMESTAMP))
    read(spark, Table("t", columns, 1, (Path("/t.parquet"),)), Input.PARQUET)
    spark.read.schema.assert_called_once_with("`a``b` BIGINT, `t` TIMESTAMP_NTZ")
    spark.read.schema.return_value.parquet.assert_called_once_with("file:///t.parquet")
