"""A cache stays within its limit: the oldest entry goes first, and none that a run is using."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.answer import AnswerSpec
from harness.data.budget import ENTRY, MOST_BYTES, Room, bytes_in
from harness.data.cache import Cache, CacheEntry, Facts
from harness.data.prepare import Tables, prepare
from harness.errors import DataError, NoReference
from harness.tables import Input
from harness.verify.reference import References
from harness.verify.requests import StartReferee
from harness.workload.file import load
from tests.support.benchmark_runs import Project

pytestmark = pytest.mark.usefixtures("one_reader")

KB = 1000


def put(cache: Cache, name: str, size: int = 100 * KB) -> CacheEntry:
    """Returns a new entry of the cache, of ``size`` bytes, which it requests before writing."""

    def make(folder: Path, room: Room) -> Facts:
        room.take(size)
        (folder / "a.bin").write_bytes(bytes(size))
        return {}

    return cache.fetch(name, {"name": name}, make)


def names(root: Path) -> list[str]:
    return sorted(path.name.split("-")[0] for path in root.iterdir() if ENTRY.fullmatch(path.name))


def filled(root: Path, *entries: str) -> None:
    """Puts entries into a cache, each in a run of its own, the oldest first."""
    for name in entries:
        with Cache(root) as cache:
            put(cache, name)
        time.sleep(0.02)  # the clock of files ticks every few milliseconds


def disk_with(free: int) -> Callable[[Path], SimpleNamespace]:
    return lambda _: SimpleNamespace(free=free)


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    filled(tmp_path, "a", "b", "c", "a")
    with Cache(tmp_path, limit=450 * KB) as cache:
        put(cache, "d")
        assert names(tmp_path) == ["a", "b", "c", "d"]
        put(cache, "e")
        assert names(tmp_path) == ["a", "c", "d", "e"]
        put(cache, "f")
        assert names(tmp_path) == ["a", "d", "e", "f"]


def test_what_was_used_while_the_clock_was_ahead_can_go(tmp_path: Path) -> None:
    filled(tmp_path, "a", "b")
    year_2100 = 4_102_444_800
    for manifest in tmp_path.glob("*/manifest.json"):
        os.utime(manifest, (year_2100, year_2100))
    with Cache(tmp_path, limit=250 * KB) as cache:
        put(cache, "c")
        assert "c" in names(tmp_path)


def test_what_a_living_run_uses_stays(tmp_path: Path) -> None:
    filled(tmp_path, "a", "b")
    with Cache(tmp_path) as other, Cache(tmp_path, limit=250 * KB) as cache:
        put(other, "a")  # which is there
        put(cache, "c")
        assert names(tmp_path) == ["a", "c"]
        with pytest.raises(DataError, match=r"no room for 100 kB more: .*, and 2\d\d kB are"):
            put(cache, "d")
    with Cache(tmp_path, limit=250 * KB) as cache:
        put(cache, "d")
        assert names(tmp_path) == ["c", "d"]


def test_what_a_living_run_uses_stays_when_the_clock_is_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path, "a")
    with Cache(tmp_path) as other, Cache(tmp_path, limit=250 * KB) as cache:
        monkeypatch.setattr(time, "time_ns", lambda: 0)
        put(other, "a")  # which is there
        put(other, "b")
        with pytest.raises(DataError, match="no room for 100 kB more"):
            put(cache, "c")
        assert names(tmp_path) == ["a", "b"]


def test_what_a_run_has_not_finished_goes_once_it_has_ended(tmp_path: Path) -> None:
    with Cache(tmp_path) as one:
        answer = one.budget.unfinished(one.budget.answers / f"{'0' * 64}.arrow")
        folder = one.budget.unfinished(tmp_path / f"a-{'0' * 20}")
        for path in (answer.parent, folder):
            path.mkdir()
        for path in (answer, folder / "half"):
            path.write_bytes(bytes(KB))
        with Cache(tmp_path):
            assert (answer.exists(), (folder / "half").exists()) == (True, True)
        assert bytes_in(tmp_path) == 2 * KB
    with Cache(tmp_path):
        assert (answer.exists(), folder.exists()) == (False, False)


def test_a_run_leaves_no_more_than_its_limit(tmp_path: Path) -> None:
    filled(tmp_path, "a", "b", "c")
    with Cache(tmp_path) as other:
        put(other, "c")
        with Cache(tmp_path, limit=250 * KB) as cache:
            put(cache, "a")
            assert names(tmp_path) == ["a", "b", "c"]
        assert names(tmp_path) == ["a", "c"]


def test_for_what_cannot_fit_nothing_is_removed(tmp_path: Path) -> None:
    filled(tmp_path, "a", "b")
    with Cache(tmp_path, limit=250 * KB) as cache:
        with pytest.raises(DataError) as raised:
            cache.budget.grant(300 * KB)
        assert names(tmp_path) == ["a", "b"]
    assert str(raised.value) == (
        f"no room for 300 kB more: the cache at {tmp_path} may hold 250 kB, and 0 bytes are in "
        "use; raise --cache-limit, free some space, or set ENGINEBENCH_CACHE to another folder"
    )


def test_a_part_of_the_disk_stays_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", disk_with(100 * KB))
    with Cache(tmp_path, limit=10**9) as cache:
        with pytest.raises(DataError, match="may hold 95 kB, and 0 bytes are in use"):
            put(cache, "a")
        put(cache, "b", 90 * KB)


def test_a_limit_that_nobody_chose_is_half_of_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for free, limit in ((400 * KB, 200 * KB), (10**12, MOST_BYTES)):
        monkeypatch.setattr(shutil, "disk_usage", disk_with(free))
        with Cache(tmp_path) as cache:
            assert cache.budget.grant(limit) == limit
            with pytest.raises(DataError):
                cache.budget.grant(limit + 1)


def test_what_is_not_the_cache_s_is_neither_counted_nor_removed(tmp_path: Path) -> None:
    others = (
        "poetry.lock",
        "film.mp4.part",
        "runs/mine",
        "answers/notes.arrow",
        "mine-1/x",
        "lock",
        "0" * 32,
    )
    elsewhere = tmp_path / "elsewhere"
    for name in (*others, "elsewhere/manifest.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(bytes(KB))
    (tmp_path / f"link-{'0' * 20}").symlink_to(elsewhere)
    with Cache(tmp_path, limit=150 * KB) as cache:
        put(cache, "a")
    with Cache(tmp_path, limit=150 * KB) as cache:
        put(cache, "b")
        assert 100 * KB < bytes_in(tmp_path) < 101 * KB + 8 * KB
    assert all((tmp_path / name).stat().st_size == KB for name in others)
    assert (elsewhere / "manifest.json").exists()


def test_runs_beside_each_other_pass_the_limit_by_a_grant_at_most(tmp_path: Path) -> None:
    with Cache(tmp_path, limit=1000 * KB) as one, Cache(tmp_path, limit=1000 * KB) as two:
        assert one.budget.grant(1) == two.budget.grant(1) == 1 * KB


def test_a_limit_that_is_no_size_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path).write(
        t_csv="k\n1\n", w_yaml="tables: {t: t.csv}\nqueries: {q: select k from t}\n"
    )
    done = project.benchmark("w.yaml", "--cache-limit", "0")
    assert "ERROR: --cache-limit '0' is not a size, such as 8GB" in done.err
    done = project.benchmark("w.yaml", ENGINEBENCH_CACHE_LIMIT="much")
    assert "ERROR: ENGINEBENCH_CACHE_LIMIT: 'much' is not a size, such as 8GB" in done.err


# ---------------------------------------------------------------------- what is kept there


def prepared(folder: Path, tables: str, source: Input = Input.MEMORY, limit: int = 10**9) -> Tables:
    (folder / "w.yaml").write_text(f"{tables}\nqueries: {{q: select 1}}\n")
    with Cache(folder / "cache", limit) as cache:
        return prepare(load(folder / "w.yaml"), "s", source, cache)


def test_a_file_is_copied_once_whatever_its_tables_are_called(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "t.csv").write_text("k,x\n1,nan\n")
    (tmp_path / "link.csv").symlink_to("t.csv")
    paths = {"t": "t.csv", "u": "t.csv", "v": "in/../t.csv", "w": "link.csv"}
    tables = prepared(tmp_path, f"tables: {paths}".replace("'", ""), Input.CSV).tables
    assert {table.parquet for table in tables.values()} == {tables["t"].parquet}
    assert {table.csv for table in tables.values()} == {tables["t"].csv}
    assert names(tmp_path / "cache") == ["table", "table"]
    (tmp_path / "packed.csv.gz").symlink_to("t.csv")
    with pytest.raises(DataError, match="cannot be read as CSV"):
        prepared(tmp_path, "tables: {t: packed.csv.gz}")
    other = prepared(tmp_path, "tables: {t: {path: t.csv, schema: {k: string}}}").tables["t"]
    assert other.parquet != tables["t"].parquet


def text(folder: Path, rows: int) -> None:
    """Writes a CSV file of random text, which hardly compresses."""
    drawn = random.Random(1)
    lines = (f"{drawn.randbytes(40).hex()},nan" for _ in range(rows))
    (folder / "t.csv").write_text("k,x\n" + "\n".join(lines) + "\n")


def test_a_file_for_which_there_is_no_room_is_told_with_its_line(tmp_path: Path) -> None:
    text(tmp_path, 20_000)
    with pytest.raises(DataError) as raised:
        prepared(tmp_path, "tables:\n  t: t.csv", limit=1000 * KB)
    assert str(raised.value).startswith(f"{tmp_path}/w.yaml:2: table 't': no room for any more: ")
    prepared(tmp_path, "tables:\n  t: t.csv", limit=2000 * KB)
    with pytest.raises(DataError, match=r"w\.yaml:2: table 't': no room for any"):
        prepared(tmp_path, "tables:\n  t: t.csv", Input.CSV, limit=2000 * KB)
    assert names(tmp_path / "cache") == ["table"]


def test_generated_tables_are_reckoned_before_they_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = "data:\n  generator: groupby\n  sizes:\n    s: {rows: 1000000000}"
    with pytest.raises(DataError) as raised:
        prepared(tmp_path, data)
    assert str(raised.value).startswith(
        f"{tmp_path}/w.yaml:4: size 's': no room for 27 GB more: the cache at {tmp_path}/cache may "
        "hold 1 GB"
    )
    assert names(tmp_path / "cache") == []


def test_a_size_is_made_once_whatever_it_is_called(tmp_path: Path) -> None:
    one = prepared(tmp_path, "data: {generator: groupby, sizes: {s: {rows: 10}}}")
    two = prepared(tmp_path, "data: {generator: groupby, sizes: {z: {rows: 1}, s: {rows: 10}}}")
    assert one.tables["x"].parquet == two.tables["x"].parquet


def test_an_answer_is_written_batch_by_batch_where_there_is_room(tmp_path: Path) -> None:
    filled(tmp_path, "a")
    with Cache(tmp_path, limit=1000 * KB) as cache:
        references = References()
        references.start(StartReferee(cache.budget, 1))
        kept = references._file([], "key", AnswerSpec((), ""), "select unnest(range(100000)) as k")
        assert (names(tmp_path), kept.stat().st_size < 900 * KB) == (["a"], True)
        with pytest.raises(NoReference, match=r"no room for 4\d\d kB more: .* may hold 1 MB"):
            references._file([], "key", AnswerSpec((), ""), "select unnest(range(1000000)) as k")
        assert list(cache.budget.answers.iterdir()) == [kept]
        assert bytes_in(tmp_path) <= 1000 * KB
