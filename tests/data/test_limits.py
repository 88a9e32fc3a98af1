"""A user's files are searched for and read within limits; passing one is a clear error."""

from __future__ import annotations

import functools
import gzip
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harness.data import csv_text, files, identity, walk, write
from harness.data.walk import Walk
from harness.errors import DataError, WorkloadError
from harness.workload.file import load
from tests.data.test_files import content, error_of, table
from tests.places import ROOT
from tests.support.reading import in_this_process

pytestmark = pytest.mark.usefixtures("one_reader")

MEBIBYTE = 1 << 20


def tree(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("a\n1\n")


def found(folder: Path, pattern: str, most: int = 1000) -> list[str]:
    return [str(path.relative_to(folder)) for path in Walk(most).matches(folder, pattern)]


def test_patterns_mean_what_they_mean_in_a_shell(tmp_path: Path) -> None:
    tree(tmp_path, "a.csv", "b.txt", ".c.csv", "d/a.csv", "d/e/a.csv", ".f/a.csv", "d/g1/x.csv")
    assert found(tmp_path, "*.csv") == ["a.csv"]
    assert found(tmp_path, ".*.csv") == [".c.csv"]
    assert found(tmp_path, "**/*.csv") == ["a.csv", "d/a.csv", "d/e/a.csv", "d/g1/x.csv"]
    assert found(tmp_path, "d/**/a.csv") == ["d/a.csv", "d/e/a.csv"]
    assert found(tmp_path, "d/[eg]?/*.csv") == ["d/g1/x.csv"]
    assert found(tmp_path, "*/a.csv") == ["d/a.csv"]
    assert found(tmp_path, "d/**") == ["d/a.csv", "d/e", "d/e/a.csv", "d/g1", "d/g1/x.csv"]
    assert found(tmp_path, f"{tmp_path}/d/*.csv") == ["d/a.csv"]
    assert Walk().matches(tmp_path / "d", "../*.csv") == [tmp_path / "d" / ".." / "a.csv"]
    assert found(tmp_path, "none/*.csv") == []


def test_the_name_of_the_workload_s_folder_is_no_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "data[1]"
    tree(folder, "t1.csv", "t2.csv")
    assert content(table(folder, "'t*.csv'", cache_root=tmp_path / "cache")) == {"a": [1, 1]}


def test_links_that_lead_back_are_followed_once(tmp_path: Path) -> None:
    tree(tmp_path, "a/t.csv", "elsewhere/u.csv")
    (tmp_path / "a" / "back").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "on").symlink_to(tmp_path / "elsewhere")
    assert found(tmp_path, "a/**/*.csv") == ["a/on/u.csv", "a/t.csv"]


DEEP = 1100
"""More levels than Python calls functions within each other."""


def test_a_deep_tree_is_looked_through_to_its_end(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * DEEP)
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        for _ in range(DEEP):
            Path("d").mkdir()
            os.chdir("d")
        Path("t.csv").write_text("a\n1\n")
    finally:
        os.chdir(here)
    try:
        assert Walk(5000).matches(tmp_path, "**/*.csv") == [deep / "t.csv"]
    finally:
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # too deep for Python's own


@pytest.mark.parametrize("path", ["in", "'in/*.csv'", "'in/**/*.csv'"])
def test_names_are_looked_at_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    tree(tmp_path, *(f"in/{n}.csv" for n in range(6)))
    monkeypatch.setattr(walk.Walk.__init__, "__defaults__", (6,))
    assert table(tmp_path, path).rows == 6
    monkeypatch.setattr(walk.Walk.__init__, "__defaults__", (5,))
    message = error_of(tmp_path, path)
    assert message == (
        f"w.yaml:3: table 't': '{path.strip(chr(39))}': there are more than 5 files and folders to "
        "look at for the tables of this file; name the folder more closely"
    )


def walked(folder: Path, *paths: str) -> None:
    tables = "".join(f"  t{number}: '{path}'\n" for number, path in enumerate(paths))
    (folder / "w.yaml").write_text(f"tables:\n{tables}queries: {{q: select 1}}\n")
    identity.of_workload(load(folder / "w.yaml"))


def test_the_tables_of_a_file_share_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, *(f"in{folder}/{n}.csv" for folder in range(3) for n in range(4)))
    monkeypatch.setattr(walk.Walk.__init__, "__defaults__", (8,))
    walked(tmp_path, "in0", "in1/*.csv")
    walked(tmp_path, *["in0", "in0/*.csv"] * 10)
    with pytest.raises(WorkloadError, match=r"w.yaml:4: table 't2': .* more than 8 files"):
        walked(tmp_path, "in0", "in1/*.csv", "in2")
    with pytest.raises(WorkloadError, match=r"table 't20': .* more than 8 .* at, 10 times, for"):
        walked(tmp_path, *["in0", "in0/*.csv"] * 11)


def test_the_limit_comes_soon(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(DataError, match="more than 100,000 files and folders"):
        Walk().matches(tmp_path, "/**/*.csv")
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("path", ["in", "'in/*.csv'", "'in/**/*.csv'", "in/t.csv"])
def test_a_folder_without_permission_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    tree(tmp_path, "in/t.csv")
    _forbid(monkeypatch, tmp_path / "in")
    message = error_of(tmp_path, path)
    assert message.startswith("w.yaml:3: table 't': 'in")
    assert message.endswith("' cannot be read: Permission denied")


def test_what_only_a_deep_pattern_leads_to_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, "in/t.csv", "in/lost+found/u.csv")
    in_this_process(monkeypatch)
    _forbid(monkeypatch, tmp_path / "in" / "lost+found")
    assert table(tmp_path, "'in/**/*.csv'").rows == 1


def _forbid(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Makes a folder raise PermissionError, as mode 000 does for every user but root."""
    list_, look = os.scandir, Path.stat

    def scandir(path: Path) -> object:
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return list_(path)

    def stat(self: Path, **how: bool) -> os.stat_result:
        if self.parent == folder:
            raise PermissionError(13, "Permission denied", str(self))
        return look(self, **how)

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(Path, "stat", stat)


def test_a_long_path_is_told_by_its_beginning() -> None:
    assert files._shown("a" * 201) == f"'{'a' * 200}'… (201 characters)"
    assert files._shown("a.csv") == "'a.csv'"


def packed(path: Path, parts: Iterable[bytes]) -> None:
    """Writes the parts as members of a gzip file, equal ones compressed once."""
    compress = functools.cache(functools.partial(gzip.compress, compresslevel=1))
    with path.open("wb") as file:
        file.writelines(map(compress, parts))


ZEROS = b"0" * MEBIBYTE
LINES = b"0\n" * (MEBIBYTE // 2)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([ZEROS] * 40, "its header cannot be read (field larger than field limit (131072))"),
        ([b"a,b,c,d,e,f,g,h,", *[b"abcdefgh," * 1000] * 200], "its header is longer than 1 MiB"),
        ([b"a\n", *[ZEROS] * 40], "a row is longer than 8 MiB, or a quotation mark is never"),
        ([b'a\n"', *[LINES] * 40], "a row is longer than 8 MiB, or a quotation mark is never"),
        ([b'"', *[LINES] * 40], "its header cannot be read (field larger than field limit"),
    ],
)
def test_one_giant_line_or_field_is_refused(
    tmp_path: Path, parts: list[bytes], message: str
) -> None:
    packed(tmp_path / "t.csv.gz", parts)
    assert message in error_of(tmp_path, "t.csv.gz")


def test_a_header_of_many_lines_is_read(tmp_path: Path) -> None:
    names = [f'"column\n{number}"' for number in range(300)]
    values = ",".join(["1"] * 300)
    (tmp_path / "t.csv").write_text(f"{','.join(names)}\n{values}\n" + f"{values}\n" * 3000)
    assert len(table(tmp_path, "t.csv").schema) == 300


def test_a_header_cut_in_a_character_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_this_process(monkeypatch)
    monkeypatch.setattr(csv_text, "HEADER_BYTES", 6)
    (tmp_path / "t.csv").write_text("é\n1é\nxx\n", encoding="utf-8")
    assert content(table(tmp_path, "t.csv")) == {"é": ["1é", "xx"]}


def test_long_rows_make_short_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_this_process(monkeypatch)
    monkeypatch.setattr(write, "ROW_GROUP_BYTES", 4000)
    monkeypatch.setattr(csv_text, "BLOCK_BYTES", 2500)
    (tmp_path / "t.csv").write_text("a\n" + f"{'x' * 1000}\n" * 20)
    t = table(tmp_path, "t.csv")
    file = pq.ParquetFile(t.parquet[0])
    assert (t.rows, file.metadata.num_rows) == (20, 20)
    assert file.num_row_groups >= 4
    file.close()


def test_a_small_file_that_unpacks_to_a_large_one_is_read_in_bounded_memory(
    tmp_path: Path,
) -> None:
    """The file unpacks to a gigabyte of 1,000 rows; reading it takes less than 700 MiB."""
    packed(tmp_path / "t.csv.gz", [b"a,b\n", *[b"x" * (MEBIBYTE - 1) + b",1\n"] * 1000])
    (tmp_path / "w.yaml").write_text("tables: {t: t.csv.gz}\nqueries: {q: select 1}\n")
    script = """
import resource, sys
from pathlib import Path
from harness.data.cache import Cache
from harness.data.prepare import prepare
from harness.workload.file import load
def peak():
    who = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return max(resource.getrusage(one).ru_maxrss for one in who) // 1024
before = peak()
rows = prepare(load(Path("w.yaml")), "any", "memory", Cache(Path("cache"))).tables["t"].rows
print(rows, peak() - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    rows, mebibytes = map(int, done.stdout.split())
    assert rows == 1000 and mebibytes < 700, done.stderr
