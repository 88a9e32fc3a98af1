"""Whatever a user's files are called, every reader reads these and no other."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from harness.data import cache as cache_module
from harness.data.cache import Cache
from harness.data.prepare import prepare
from harness.errors import DataError, NoReference
from harness.sandbox.files import reader
from harness.tables import Input, Table, plain_path
from harness.verify.reference import open_database
from harness.workload.file import load
from tests.support.in_process import installed
from tests.support.reading import read_by

pytestmark = pytest.mark.usefixtures("one_reader")

PLACES = (
    *("c[1]", "a?b", "*", "a{b,c}d", "a::b", "zip::d", "file:c", "https:e", "memory:g", "_x", ".x"),
    *("a%20b", "a#b", "a&b", "a'b", 'a"b', "a\\b", "a\nb", "~", "-a", "ä", "a b", "a|b", "$HOME"),
    *("k=2023/x", "[x]y/x", "exp=1/x", "a:b/x", "s3:/x"),
)
DECOYS = ("c1", "azb", "abd", "a b", "a", "b", "y/x", "xy/x")


def written(base: Path, k: int) -> None:
    """Writes a table ``k, s`` of one row to ``base``.parquet and ``base``.csv."""
    base.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"k": [k], "s": ["a"]})
    with pq.ParquetWriter(base.with_name(f"{base.name}.parquet"), table.schema) as writer:
        writer.write_table(table)
    with base.with_name(f"{base.name}.csv").open("wb") as sink:
        pacsv.write_csv(table, sink)


def prepared(folder: Path, spec: str, source: Input, cache: Cache) -> Table:
    path = folder / "w.yaml"
    path.write_text(f"title: w\ntables:\n  t: {spec!r}\nqueries:\n  q: select 1\n")
    return prepare(load(path), "any", source, cache).tables["t"]


@pytest.mark.parametrize("source", [Input.PARQUET, Input.CSV])
def test_a_name_is_neither_a_pattern_nor_an_address(tmp_path: Path, source: Input) -> None:
    """Each file has another number ``k``, so that an engine that reads the wrong file shows."""
    names = dict(enumerate((*PLACES, *(name for name in DECOYS if name not in PLACES))))
    lines = []
    for number, name in names.items():
        written(tmp_path / "data" / name, number)
        text = "".join("\\n" if c == "\n" else f"\\{c}" if c in '"\\' else c for c in name)
        lines.append(f'  t{number}: "data/{text}.{source}"\n')
    workload = tmp_path / "w.yaml"
    workload.write_text(f"title: w\ntables:\n{''.join(lines)}queries:\n  q: select 1\n")
    with Cache(tmp_path / "cache") as cache:
        tables = prepare(load(workload), "any", source, cache).tables
        for number, name in names.items():
            (file,) = tables[f"t{number}"].files(source)
            assert plain_path(file) and file.samefile(tmp_path / "data" / f"{name}.{source}"), name
        for engine in installed(reads=source):
            for number, name in names.items():
                table = dataclasses.replace(tables[f"t{number}"], name="t")  # compiled once
                answer = read_by(engine, table, source).to_pydict()
                assert answer == {"k": [number], "s": ["a"]}, (engine, name)


def test_a_folder_above_the_workload_says_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "k=7" / "[x]y"
    for k in (1, 2):
        written(folder / "d" / f"k=2{k}" / "x", k)
    with Cache(tmp_path / "cache") as cache:
        for source in (Input.PARQUET, Input.CSV):
            table = prepared(folder, f"d/**/*.{source}", source, cache)
            assert all(map(plain_path, table.files(source))) and table.rows == 2
            for engine in installed(reads=source):
                answer = read_by(engine, table, source).to_pydict()
                assert sorted(answer["k"]) == [1, 2], (engine, source)
            with open_database([table], 1) as database:
                assert database.sql("select * from t order by k").fetchall() == [(1, "a"), (2, "a")]


def test_links_end_with_their_run_however_that_ends(tmp_path: Path) -> None:
    written(tmp_path / "a=1", 1)
    root = tmp_path / "cache"
    with Cache(root) as cache:
        (file,) = prepared(tmp_path, "a=1.parquet", Input.PARQUET, cache).parquet
        assert file.is_relative_to(root) and file.is_symlink()
        assert (file,) == prepared(tmp_path, "a=1.parquet", Input.PARQUET, cache).parquet
        with Cache(root):
            assert file.exists()  # another run begins: this one's links stay
    assert not file.is_symlink()
    killed = Cache(root)
    (file,) = prepared(tmp_path, "a=1.parquet", Input.PARQUET, killed).parquet
    assert killed._lock is not None
    killed._lock.release()
    with Cache(root):
        assert not file.is_symlink()
    assert (tmp_path / "a=1.parquet").exists()


def test_links_are_in_the_order_of_their_files(tmp_path: Path) -> None:
    for k in range(12):
        written(tmp_path / f"p={k:02}" / "x", k)
    with Cache(tmp_path / "cache") as cache:
        table = prepared(tmp_path, "*/x.parquet", Input.PARQUET, cache)
        assert list(table.parquet) == sorted(table.parquet)
        assert pq.read_table(list(table.parquet))["k"].to_pylist() == list(range(12))


def test_a_cache_lies_where_every_reader_finds_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the cache cannot be at .*k=1.*ENGINEBENCH_CACHE"):
        Cache(tmp_path / "k=1")


def test_a_disk_without_links_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    written(tmp_path / "a=1", 1)
    monkeypatch.setattr(cache_module.Path, "symlink_to", refuse)
    with Cache(tmp_path / "cache") as cache, pytest.raises(DataError, match="cannot be written"):
        prepared(tmp_path, "a=1.parquet", Input.PARQUET, cache)


def test_duckdb_is_given_plain_paths_only(tmp_path: Path) -> None:
    table = Table("t", (), 0, parquet=(tmp_path / "*.parquet",))
    with pytest.raises(ValueError, match="no plain path"):
        reader(table, Input.PARQUET)
    with pytest.raises(ValueError, match="no plain path"):
        open_database([table], 1)


@pytest.mark.parametrize(
    "path", ["/a/../b.csv", "a.csv", "/", "/a/.b.csv", "/é/_a", "/a/~b", "/a/b\n"]
)
def test_what_is_no_plain_path(path: str) -> None:
    assert not plain_path(Path(path))
    assert plain_path(Path("/é/_a/.b/c-1 x.csv.gz"))


def test_the_referee_reads_the_columns_that_are_known(tmp_path: Path) -> None:
    written(tmp_path / "x", 1)
    table = Table("t", (), 1, parquet=(tmp_path / "x.parquet",))
    with pytest.raises(NoReference, match="DuckDB reads table 't' as"):
        open_database([table], 1)


def test_the_referee_s_connection_is_locked_before_it_reads(tmp_path: Path) -> None:
    written(tmp_path / "x", 1)
    with Cache(tmp_path / "cache") as cache:
        table = prepared(tmp_path, "x.parquet", Input.PARQUET, cache)
    with open_database([table], 1) as database, pytest.raises(duckdb.PermissionException):
        database.sql(f"from read_csv('{tmp_path}/x.csv')")
