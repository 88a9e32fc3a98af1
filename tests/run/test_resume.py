"""``--resume`` continues runs that were killed, interrupted or short of disk; nothing is lost."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from pydantic import ValidationError

from harness.errors import ResultsError
from harness.machine.noise import BEFORE
from harness.outcome import Cell, Outcome, Record, Round
from harness.records.cells import Figures
from harness.records.files import Basis, JournalHead, JournalLine
from harness.records.runs import MachineEntry, NoiseEntry
from harness.run.journal import (
    DEFAULT_COMMAND,
    MOST_BYTES,
    JournalFile,
    command_of,
    journals,
)
from harness.run.results import journal_line, record_of
from harness.run.resume import kept_records
from harness.tables import Input
from tests.support.benchmark_runs import MEANS, QUICK, TABLE, Project, fakes
from tests.support.interrupts import heed_interrupts
from tests.support.records import figures
from tests.support.shares import WHOLE

YAML = f"tables: {{t: t.csv}}\nqueries:\n  q1: {MEANS}\n  q2: {MEANS} order by k\n"
DASHES = YAML.replace("t.csv", "{path: t.csv, null_values: ['', '-']}")
ENGINES = fakes("Right", "Gated")
"""Both answer q1; over q2 the second waits until it is let go."""


def project_in(folder: Path, data: bool = True) -> Project:
    return Project(folder).write(that_yaml=YAML, **({"t_csv": TABLE} if data else {}))


@contextlib.contextmanager
def broken_off(project: Project, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Gives a run that hangs in its second query; the process is killed at the end of the block."""
    log = project.folder / "log"
    with log.open("w") as file:
        run = subprocess.Popen(
            project.command("--benchmark", *QUICK, "that.yaml", "--engines", ENGINES, *arguments),
            cwd=project.folder,
            env=project.environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            preexec_fn=heed_interrupts,
        )
        try:
            _wait(lambda: log.read_text().count(" ok ") == 2 and len(lines(project)) == 3, run, log)
            time.sleep(0.3)
            yield run
        finally:
            run.kill()
            run.wait()


def _wait(reached: Any, run: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert run.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def journal_files(project: Project) -> list[Path]:
    return sorted((project.folder / "results").glob("*/*.journal"))


def lines(project: Project) -> list[dict[str, Any]]:
    return [json.loads(x) for x in journal_files(project)[0].read_text().splitlines()]


@pytest.fixture(scope="module")
def killed_once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = project_in(tmp_path_factory.mktemp("killed"))
    with broken_off(project) as run:
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert project.all_gone()
    shutil.copytree(project.folder / "results", project.folder / "before")
    return project


@pytest.fixture
def killed(killed_once: Project) -> Project:
    """Returns a project whose run was killed, with its results restored to that moment."""
    folder = killed_once.folder
    shutil.rmtree(folder / "results")
    shutil.copytree(folder / "before", folder / "results")
    project_in(folder, data=False)  # the table's file is the same as long as nobody touches it
    (folder / "cache" / "open").unlink(missing_ok=True)
    return killed_once


def resume(project: Project, *arguments: str, **variables: str) -> Any:
    (project.folder / "cache" / "open").touch()
    return project.benchmark("that.yaml", "--engines", ENGINES, *arguments, "--resume", **variables)


def test_a_run_killed_with_sigkill_leaves_no_process_and_all_that_it_measured(
    killed: Project,
) -> None:
    assert killed.result_files == []
    head, *entries = lines(killed)
    assert [cell["outcome"] for cell in head["cells"]] == ["skipped"] * 4
    assert [(e["cell"]["query"], e["cell"]["outcome"]) for e in entries] == [("q1", "ok")] * 2
    assert all(entry["benchmark"]["stats"]["data"] for entry in entries)


def test_the_report_is_drawn_from_a_journal(killed: Project, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    command = [sys.executable, "-m", "report", *map(str, journal_files(killed)), "-o", str(page)]
    done = subprocess.run(command, env=killed.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "the run has not reached this cell" in page.read_text()


def test_resume_measures_what_is_missing_and_keeps_the_rest(
    killed: Project,
) -> None:
    """The journal ends with half a line, which is ignored."""
    project = killed
    head, *entries = lines(project)
    kept = {e["cell"]["engine"]: e["benchmark"]["stats"]["data"] for e in entries}
    probes = entries[-1]["noise"]["probe_seconds"]
    assert len(probes) >= BEFORE
    stem = journal_files(project)[0].stem
    with journal_files(project)[0].open("a") as file:
        file.write('{"cell": {"workload": "th')
    done = resume(project)
    assert done.code == 0, done.all
    assert ".journal: 2 cells are done" in done.out
    assert [file.stem for file in project.result_files] == [stem]
    assert journal_files(project) == []
    results = project.results()
    assert [cell["outcome"] for cell in results["cells"]] == ["ok"] * 4
    assert results["interrupted"] is False
    assert results["environment"] == {**head["environment"], "load_during": ANY}
    assert results["noise"]["probe_seconds"][: len(probes)] == probes
    assert len(results["noise"]["probe_seconds"]) >= len(probes) + BEFORE
    first = [b for b in results["benchmarks"] if b["extra_info"]["query"] == "q1"]
    for benchmark in first:
        data = kept[benchmark["extra_info"]["engine"]]
        assert benchmark["stats"]["data"] == pytest.approx(data, rel=1e-9)
    assert "--resume" not in results["command"]


def test_after_ctrl_c_results_are_written_and_resume_completes_them(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    with broken_off(project) as run:
        run.send_signal(signal.SIGINT)
        assert run.wait(30) == 2
    assert project.processes() == []
    results, log = project.results(), (tmp_path / "log").read_text()
    assert [cell["outcome"] for cell in results["cells"]] == ["ok", "ok", "skipped", "skipped"]
    assert results["cells"][-1]["reason"] == "the run has not reached this cell"
    assert results["interrupted"] is True
    assert (tmp_path / "results" / "index.html").exists()
    assert "KeyboardInterrupt" in log
    command = f"pytest --benchmark {shlex.join(QUICK)} that.yaml --engines {ENGINES}"
    assert f"`{command} --resume` goes on from here" in log
    assert resume(project).code == 0
    assert len(project.result_files) == 1 and journal_files(project) == []
    assert [cell["outcome"] for cell in project.results()["cells"]] == ["ok"] * 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_told_to_end_leaves_what_ctrl_c_leaves(
    tmp_path: Path, number: signal.Signals
) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("these tests run under nohup, whose signal a run ignores, too")
    project = project_in(tmp_path)
    with broken_off(project) as run:
        run.send_signal(number)
        assert run.wait(30) == 2
    assert project.processes() == []
    assert [cell["outcome"] for cell in project.results()["cells"]] == [
        "ok",
        "ok",
        *["skipped"] * 2,
    ]
    assert (tmp_path / "results" / "index.html").exists()


CHANGES: list[tuple[list[str] | dict[str, str], str]] = [
    (["-k", "q1"], "its cells differ: it had 4 of them, this run asks for 2; that::q2["),
    ({"MALLOC_ARENA_MAX": "3"}, "its surroundings differ: MALLOC_ARENA_MAX was None, is 3"),
    ({"that_yaml": DASHES}, "its data differs: that of that own has changed"),
    (["--timeout", "77"], "its options differ: timeout was 300.0, is 77.0"),
]


@pytest.mark.parametrize(("change", "message"), CHANGES if WHOLE else CHANGES[1:3])
def test_a_journal_of_something_else_is_refused(killed: Project, change: Any, message: str) -> None:
    project = killed
    before = journal_files(project)[0].read_bytes()
    arguments = change if isinstance(change, list) else []
    variables = change if "MALLOC_ARENA_MAX" in change else {}
    if "that_yaml" in change:
        project.write(**change)
    done = resume(project, *arguments, **variables)
    assert done.code == 4, done.all
    assert "cannot be continued: " + message in done.err
    assert journal_files(project)[0].read_bytes() == before
    assert project.result_files == []


def test_a_journal_of_another_run_is_not_continued() -> None:
    """A journal is refused if its options or its cells differ from those of this run."""
    head = _head()
    assert kept_records(head, [], head) == {}
    longer = head.model_copy(update={"basis": head.basis.model_copy(update={"timeout": 77.0})})
    with pytest.raises(ResultsError, match=r"its options differ: timeout was 1\.0, is 77\.0"):
        kept_records(head, [], longer)
    elsewhere = head.basis.model_copy(update={"connect": ("dask=tcp://h:1",)})
    with pytest.raises(ResultsError, match=r"connect was \(\), is \('dask=tcp://h:1',\)"):
        kept_records(head, [], head.model_copy(update={"basis": elsewhere}))
    record = Record(Cell("w", "q", "e", "small", Input.CSV, 3), Outcome.SKIPPED, "why")
    more = head.model_copy(update={"cells": (journal_line(record, "1.0", NoiseEntry()).cell,)})
    told = "its cells differ: it had 0 of them, this run asks for 1; w::q"
    with pytest.raises(ResultsError, match=re.escape(told)):
        kept_records(head, [], more)


SPOILT: list[Any] = [
    b"[1]\n",
    {"noise": [1]},
    b"\xff\x00\n",
    b"[" * 20_000 + b"\n",
    b'{"cells": 7}\n',
    b'{"cells": [], "machine": [], "environment": 1}\n{"cell": 1}\n',
    {"noise": {"probe_seconds": "x", "loads": None}},
    {"benchmark": {"stats": {"data": ["x"]}, "extra_info": []}},
    {"cell": {"workload": []}},
    {"started": "2026-01-01"},
]


def spoil(killed: Project, spoilt: Any) -> Path:
    """Damages the journal; returns its path.

    ``spoilt`` is its new content as bytes, or fields to replace in its last line; those of a run
    (``started``) also in its first.
    """
    (file,) = journal_files(killed)
    if isinstance(spoilt, dict):
        head, *entries, last = lines(killed)
        head |= spoilt if "started" in spoilt else {}
        file.write_text("".join(f"{json.dumps(x)}\n" for x in [head, *entries, {**last, **spoilt}]))
    else:
        file.write_bytes(spoilt)
    return file


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_journal_that_is_damaged_is_no_journal(killed: Project, spoilt: Any) -> None:
    file = spoil(killed, spoilt)
    with pytest.raises(ResultsError, match=re.escape(str(file))):
        JournalFile.reopen(file)
    assert journals(file.parent) == ([file], [])  # nobody holds it


@pytest.mark.parametrize("spoilt", SPOILT if WHOLE else SPOILT[:2])
def test_a_journal_that_is_damaged_is_refused_in_words(killed: Project, spoilt: Any) -> None:
    file = spoil(killed, spoilt)
    done = resume(killed)
    assert done.code == 4 and str(file) in done.err, done.all
    assert "Traceback" not in done.all and "INTERNALERROR" not in done.all
    assert journals(file.parent) == ([file], [])  # nobody holds it


@pytest.mark.parametrize("command", ["it's", "rm -rf ~; pytest", "pytest; x", "$(x)", 7, ["x"], {}])
def test_a_command_that_no_run_has_left_is_not_told_as_what_to_type(
    tmp_path: Path, command: object
) -> None:
    path = tmp_path / "x.journal"
    path.write_text(f"{json.dumps({'command': command})}\n")
    assert command_of(path) == DEFAULT_COMMAND
    path.write_text('{"command": "pytest --benchmark \'a b.yaml\'"}\n')
    assert command_of(path) == "pytest --benchmark 'a b.yaml'"


def test_a_folder_s_odd_journal_keeps_no_run_from_its_results(killed: Project) -> None:
    (killed.folder / "cache" / "open").touch()
    journal_files(killed)[0].write_text('{"command": "it\'s"}\n')
    done = killed.benchmark("that.yaml", "--engines", ENGINES)
    assert done.code == 0 and "`pytest --benchmark --resume` goes on from there" in done.out


def test_a_file_that_is_no_journal_stays_as_it_is(tmp_path: Path) -> None:
    head, first = _head().model_dump_json(), _line(Outcome.OOM).model_dump_json()
    lines = tmp_path / "lines"
    lines.write_text(f'{head}\n{first}\n{{"c": 3}}')
    link = tmp_path / "link.journal"
    link.symlink_to(lines)
    assert journals(tmp_path) == ([], [])
    with pytest.raises(ResultsError, match="cannot be opened"):
        JournalFile.reopen(link)
    journal, *read = JournalFile.reopen(lines)
    assert read == [_head(), [_line(Outcome.OOM)]]
    assert lines.read_text().endswith('{"c": 3}')
    journal.append(_line(Outcome.ERROR))
    last = _line(Outcome.ERROR).model_dump_json()
    assert lines.read_text() == f"{head}\n{first}\n{last}\n"


def test_a_journal_has_a_size(tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    path.touch()
    os.truncate(path, MOST_BYTES + 1)
    with pytest.raises(ResultsError, match=r"not a journal .*: it has more than 1024 MiB"):
        JournalFile.reopen(path)


def test_what_only_has_a_journal_s_name_is_none(tmp_path: Path) -> None:
    (tmp_path / "folder.journal").mkdir()
    os.mkfifo(tmp_path / "pipe.journal")
    assert journals(tmp_path) == ([], [])


def test_nothing_to_resume_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(exist_ok=True)
    done = resume(project_in(tmp_path))
    assert (done.code, "there is no journal of an unfinished run in" in done.err) == (4, True)


def test_two_runs_at_once_in_one_folder_write_two_files(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    command = project.command("--benchmark", *QUICK, "that.yaml", "--engines", fakes("Right"))
    both = [
        subprocess.Popen(
            command, cwd=tmp_path, env=project.environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    outputs = [run.communicate(timeout=60)[0] for run in both]
    assert [run.returncode for run in both] == [0, 0], outputs
    assert [len(json.loads(f.read_text())["benchmarks"]) for f in project.result_files] == [2, 2]
    assert journal_files(project) == []
    assert (tmp_path / "results" / "index.html").exists()


@pytest.mark.parametrize(
    ("free", "rounds", "seconds", "what"),
    [
        ("16k", "2", "0.001", ".json: No space left"),
        ("24k", "400", "60", ".journal cannot be written: No space"),
    ],
    ids=["at the end", "during the run"],
)
def test_a_full_disk_ends_the_run_with_word_of_what_to_do(
    tmp_path: Path, free: str, rounds: str, seconds: str, what: str
) -> None:
    project = project_in(tmp_path)
    results = tmp_path / "full"
    results.mkdir()
    benchmark = project.command(
        *("--benchmark", "that.yaml", "--engines", fakes("Right"), "--results", "full"),
        *("--benchmark-min-rounds", rounds, "--benchmark-max-time", seconds),
    )
    mount = f"mount -t tmpfs -o size={free} none {results} || exit 77"
    script = f'{mount}; "$@"; code=$?; ls -R {results} > listing; exit $code'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", *benchmark],
        cwd=tmp_path,
        env=project.environment,
        capture_output=True,
        text=True,
    )
    if done.returncode in (1, 77) and "unshare" in done.stderr + done.stdout:
        pytest.skip("this system lets nobody mount a file system")
    assert done.returncode == 3, done.stdout + done.stderr
    assert what in done.stdout
    assert "free some space; `pytest --benchmark that.yaml --engines tests." in done.stdout
    assert f"--benchmark-max-time {seconds} --resume` continues the run from" in done.stdout
    assert "Traceback" not in done.stdout
    listing = (tmp_path / "listing").read_text()
    assert ".journal" in listing and ".json" not in listing and ".part" not in listing


def test_a_line_that_cannot_be_written_whole_is_not_written_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = JournalFile.create(tmp_path, _head())
    before = journal.path.read_text()
    real = os.pwrite

    def half(descriptor: int, text: bytes, offset: int) -> int:
        real(descriptor, text[:3], offset)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", half)
    with pytest.raises(ResultsError, match=r"No space left on device; free some space; .*--resume"):
        journal.append(_line(Outcome.ERROR))
    monkeypatch.undo()
    journal.append(_line(Outcome.OOM))
    assert journal.path.read_text() == f"{before}{_line(Outcome.OOM).model_dump_json()}\n"
    journal.close()
    again, head, lines = JournalFile.reopen(journal.path)
    assert (head, lines) == (_head(), [_line(Outcome.OOM)])
    again.close()


def test_a_journal_that_is_being_written_cannot_be_continued(tmp_path: Path) -> None:
    journal = JournalFile.create(tmp_path, _head())
    assert journals(tmp_path) == ([], [journal.path])
    with pytest.raises(ResultsError, match="still going on"):
        JournalFile.reopen(journal.path)
    second = JournalFile.create(tmp_path, _head())
    assert second.path != journal.path
    journal.close()
    assert journals(tmp_path) == ([journal.path], [second.path])


@pytest.mark.parametrize("moment", ["lstat", "is_file"])
def test_a_run_that_ends_while_journals_are_listed_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """It removes its journal before the file's time is read, or before its lock is tried."""
    ended, left = tmp_path / "ended.journal", tmp_path / "left.journal"
    for file in (ended, left):
        file.write_text(_head().model_dump_json())
    real = getattr(Path, moment)

    def just_before(path: Path) -> object:
        found = real(path) if moment == "is_file" else None
        ended.unlink(missing_ok=True)
        return found if moment == "is_file" else real(path)

    monkeypatch.setattr(Path, moment, just_before)
    assert journals(tmp_path) == ([left], [])
    assert list(tmp_path.iterdir()) == [left]


def _line(outcome: Outcome) -> JournalLine:
    cell = Cell("w", "q", "e", "small", Input.CSV, 3)
    return journal_line(Record(cell, outcome, "why"), "1.0", NoiseEntry())


def _head() -> JournalHead:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    machine = MachineEntry(
        **{"name": "m", "cpu": "c", "logical_cores": 1, "physical_cores": 1, "memory_bytes": 1},
        **{"system": "s", "kernel": "k", "python": "3"},
    )
    basis = Basis(
        **{"timeout": 1.0, "rounds": {}, "memory_limit": None, "gpu_memory_limit": None},
        **{"together_limit": None, "cold_process": False, "drop_caches": False, "data": {}},
    )
    return JournalHead(
        **{"format_version": 1, "started": noon, "finished": noon, "interrupted": True},
        **{"command": "pytest --benchmark", "machine": machine, "versions": {}, "engines": {}},
        **{"workloads": {}, "programs": {}, "cells": (), "basis": basis},
    )


def test_a_record_is_read_from_a_journal_as_it_was_written() -> None:
    every = Figures(**{name: _some(name) for name in Figures.model_fields})
    assert None not in dict(every).values()
    cell = Cell("w", "q", "e", "small", Input.CSV, 3, 8 * 10**9)
    rounds = (Round(0.1, 0.2), Round(0.3, 0.4, 2, 1))
    record = Record(cell, Outcome.OK, "", "abc", rounds, every)
    line = journal_line(record, "1.0", NoiseEntry())
    assert record_of(JournalLine.model_validate_json(line.model_dump_json())) == record


def _some(name: str) -> Any:
    """Returns a valid value for a field of Figures, other than its default."""
    for value in ("budget", {"peak_bytes": 7, "energy_joules": 3.5}, 3, True):
        with contextlib.suppress(ValidationError):
            return dict(figures(**{name: value}))[name]
    raise ValueError(f"no value fits {name}")
