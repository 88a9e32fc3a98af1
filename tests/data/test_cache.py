"""An entry of the cache that is not whole is made again."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.data.budget import MANIFEST, Room
from harness.data.cache import Cache, CacheEntry, Facts, default_root
from harness.errors import DataError
from tests.places import ROOT

CONTENT = b"head" + bytes(300_000) + b"tail"


class Maker:
    """Makes an entry of the cache with one file; ``calls`` counts how often it did."""

    def __init__(self, content: bytes = CONTENT) -> None:
        self.content, self.calls = content, 0

    def __call__(self, folder: Path, room: Room) -> Facts:
        self.calls += 1
        (folder / "a.bin").write_bytes(self.content)
        return {"rows": 3}


def fetched(root: Path, make: Callable[[Path, Room], Facts], seed: int = 1) -> CacheEntry:
    with Cache(root) as cache:
        return cache.fetch("thing", {"seed": seed}, make)


def test_an_entry_is_made_once(tmp_path: Path) -> None:
    make = Maker()
    first, second = fetched(tmp_path, make), fetched(tmp_path, make)
    assert (make.calls, first, first.facts) == (1, second, {"rows": 3})
    assert first.file("a.bin").read_bytes() == CONTENT


def test_another_identity_is_another_entry(tmp_path: Path) -> None:
    make = Maker()
    assert fetched(tmp_path, make, 1).folder != fetched(tmp_path, make, 2).folder
    assert make.calls == 2


def truncate(entry: CacheEntry) -> None:
    os.truncate(entry.file("a.bin"), 10)


def flip_a_byte_at_the_end(entry: CacheEntry) -> None:
    times = entry.file("a.bin").stat()
    with entry.file("a.bin").open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"X")
    os.utime(entry.file("a.bin"), ns=(times.st_atime_ns, times.st_mtime_ns))


def flip_a_byte_in_the_middle(entry: CacheEntry) -> None:
    with entry.file("a.bin").open("r+b") as stream:
        stream.seek(150_000)
        stream.write(b"X")


def lose_the_file(entry: CacheEntry) -> None:
    entry.file("a.bin").unlink()


def lose_the_manifest(entry: CacheEntry) -> None:
    entry.file(MANIFEST).unlink()


def half_write_the_manifest(entry: CacheEntry) -> None:
    entry.file(MANIFEST).write_text('{"version": 1, "files": {')


def put_nonsense_into_the_manifest(entry: CacheEntry) -> None:
    entry.file(MANIFEST).write_text(json.dumps({"version": 1, "files": {"a.bin": 3}}))


@pytest.mark.parametrize(
    "damage",
    [
        truncate,
        flip_a_byte_at_the_end,
        flip_a_byte_in_the_middle,
        lose_the_file,
        lose_the_manifest,
        half_write_the_manifest,
        put_nonsense_into_the_manifest,
    ],
)
def test_a_damaged_entry_is_made_anew(tmp_path: Path, damage: Callable[[CacheEntry], None]) -> None:
    make = Maker()
    damage(fetched(tmp_path, make))
    entry = fetched(tmp_path, make)
    assert make.calls == 2
    assert entry.file("a.bin").read_bytes() == CONTENT


def test_a_copied_cache_is_read_whole_and_kept(tmp_path: Path) -> None:
    make = Maker()
    fetched(tmp_path / "old", make)
    shutil.copytree(tmp_path / "old", tmp_path / "new", copy_function=shutil.copyfile)
    fetched(tmp_path / "new", make)
    assert make.calls == 1


def test_a_maker_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(folder: Path, room: Room) -> Facts:
        (folder / "half").write_text("half")
        raise DataError("planted")

    with pytest.raises(DataError, match="planted"):
        fetched(tmp_path, fail)
    assert [path for path in tmp_path.rglob("*") if path.name != "runs"] == []


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    script = f"""
import os
from pathlib import Path
from harness.data.cache import Cache

def make(folder, room):
    (folder / "half").write_text("half")
    os.kill(os.getpid(), 9)

Cache(Path({str(tmp_path)!r})).fetch("thing", {{"seed": 2}}, make)
"""
    command = [sys.executable, "-c", script]
    killed = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60)
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert (killed.returncode, len(left)) == (-9, 3), left  # its lock, its run's file, and the half
    with Cache(tmp_path):
        pass
    assert [path for path in tmp_path.rglob("*") if path.name != "runs"] == []


def test_a_full_disk_is_told_with_what_to_do(tmp_path: Path) -> None:
    def fail(folder: Path, room: Room) -> Facts:
        raise OSError(28, "No space left on device")

    with pytest.raises(DataError, match="No space left on device; free some space, or set ENGINEB"):
        fetched(tmp_path, fail)


def make_slowly(root: Path, log: Path) -> None:
    def make(folder: Path, room: Room) -> Facts:
        with log.open("a") as stream:
            stream.write("made\n")
        (folder / "a.bin").write_bytes(CONTENT * 20)
        return {}

    fetched(root, make)


def test_processes_that_want_the_same_entry_make_it_once(tmp_path: Path) -> None:
    context, log = multiprocessing.get_context("spawn"), tmp_path / "log"
    workers = [context.Process(target=make_slowly, args=(tmp_path, log)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert log.read_text() == "made\n"


def test_the_root_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINEBENCH_CACHE", str(tmp_path))
    assert default_root() == tmp_path
    monkeypatch.delenv("ENGINEBENCH_CACHE")
    assert default_root().name == "enginebench"
