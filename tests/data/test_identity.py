"""A file that was replaced or changed is read again, whatever its size and time of change."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.data import csv_files
from harness.data.identity import Identity, difference, identities
from harness.errors import DataError
from harness.tables import Input
from tests.data.test_files import content, table
from tests.support.benchmark_runs import MEANS, TABLE, Project, fakes
from tests.support.reading import in_this_process

pytestmark = pytest.mark.usefixtures("one_reader")


def by_rename(file: Path, other: Path) -> None:
    """Replaces a file by renaming another, as ``rsync`` and editors do."""
    other.replace(file)


def in_place(file: Path, other: Path) -> None:
    """Overwrites a file's content, as ``cp`` and ``tar`` do."""
    shutil.copyfile(other, file)


@pytest.mark.parametrize("replace", [by_rename, in_place])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_file_replaced_by_one_of_its_size_and_time_is_read_anew(
    tmp_path: Path, kind: str, replace: Callable[[Path, Path], None]
) -> None:
    file, other = tmp_path / f"t.{kind}", tmp_path / "other"
    for path, value in ((file, 1), (other, 2)):
        if kind == "csv":
            path.write_text(f"a\n{value}\n")
        else:
            pq.write_table(pa.table({"a": pa.array([value, 7], pa.int32())}), path)
    before = file.stat()
    assert content(table(tmp_path, file.name))["a"][0] == 1
    replace(file, other)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert content(table(tmp_path, file.name))["a"][0] == 2


def test_a_file_that_nobody_touched_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n")
    assert content(table(tmp_path, "t.csv")) == {"a": [1]}
    monkeypatch.setattr(csv_files, "make", None)
    assert content(table(tmp_path, "t.csv")) == {"a": [1]}


@pytest.mark.parametrize("source", [Input.MEMORY, Input.CSV])
def test_a_file_that_changes_while_it_is_read_is_refused_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Input
) -> None:
    file, real = tmp_path / "t.csv", csv_files.make
    file.write_text("a\n1\n")

    def make(*arguments: object) -> object:
        made = real(*arguments)  # type: ignore[arg-type]
        file.write_text("a\n1\n2\n")
        return made

    in_this_process(monkeypatch)
    monkeypatch.setattr(csv_files, "make", make)
    with pytest.raises(DataError, match=r"t.csv has changed while it was read; try again when"):
        table(tmp_path, "t.csv", source)
    monkeypatch.undo()
    assert content(table(tmp_path, "t.csv", source)) == {"a": [1, 2]}


def test_what_became_of_files_is_told_by_the_first(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.csv", "b.csv")]
    for path in paths:
        path.write_text("x")
    both, one = identities(paths), identities(paths[:1])
    assert difference(both, both) == ""
    assert difference(one, both) == "b.csv is new"
    assert difference(both, one) == "b.csv is gone"
    paths[0].write_text("y")
    assert difference(both, identities(paths[:1])) == "b.csv is gone (and 1 more)"


def test_a_disk_that_is_mounted_anew_holds_the_same_files(tmp_path: Path) -> None:
    file = Identity(1, 2, 3, 4, 5)
    assert file.lasting == Identity(1, 2, 3, 4, 6).lasting != Identity(1, 2, 3, 9, 5).lasting


def queries(file: str, *names: str) -> str:
    means = "".join(f"  {name}: {MEANS}\n" for name in names)
    return f"tables: {{t: {file}}}\nqueries:\n{means}"


NEW_FILE = """
import pathlib
def pytest_runtest_logreport(report):
    if report.when == "call" and "c.yaml" in report.nodeid:
        pathlib.Path("in/new.csv").write_text("k,x\\n")
"""


def test_data_that_changes_during_a_run_ends_its_cells_as_errors(tmp_path: Path) -> None:
    """Cells end as errors once an engine has changed a file, or a folder has got a new one."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "t.csv").write_text(TABLE)
    project = Project(tmp_path).write(
        a_yaml=queries("u.csv", "q"),
        b_yaml=queries("t.csv", "q1", "q2"),
        c_yaml=queries("in", "q1", "q2"),
        t_csv=TABLE,
        u_csv=TABLE,
        conftest_py=NEW_FILE,
    )
    engines = fakes("Right", "Meddling")
    done = project.benchmark("b.yaml", "a.yaml", "c.yaml", "--engines", engines)
    assert done.code == 1, done.all
    cells = project.results()["cells"]
    told = [(c["workload"], c["outcome"]) for c in cells]
    in_folder = [*[("c", "ok")] * 2, *[("c", "error")] * 2]
    assert told == [*[("b", "error")] * 4, *[("a", "ok")] * 2, *in_folder]
    assert {c["reason"] for c in cells if c["workload"] == "b"} == {
        "the data changed during the run: t.csv has changed; run again when nobody writes to it, "
        "since programs and answers were made for what it was"
    }
    assert len(project.results()["benchmarks"]) == 4
    assert done.out.count("the data changed during the run: t.csv") >= 4
    assert all(
        "the data changed during the run: new.csv is new; run again" in c["reason"]
        for c in cells[-2:]
    )
