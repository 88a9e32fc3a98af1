"""``harness selfcheck``: it passes on this harness, and fails where a figure is made wrong."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.commands.selfcheck import checks
from harness.commands.selfcheck.planted import ALLOCATED_BYTES, BURN_SECONDS, SLEEP_SECONDS
from harness.commands.selfcheck.trial import Trial, TrialCell, TrialFailed
from tests.places import ROOT

NEEDS_A_QUIET_MACHINE = ("duckdb against itself", "a sleep of 50 ms", "time added to a round")


@pytest.fixture(scope="module")
def table() -> list[str]:
    """Returns the lines that ``harness selfcheck --quick`` prints of one engine and little data."""
    command = (
        "from harness.commands import cli; from harness.commands.selfcheck import checks; "
        "checks.QUICK = checks.Effort(rows=20_000, seconds=0.1); cli.app()"
    )
    done = subprocess.run(
        [sys.executable, "-c", command, "selfcheck", "--quick", "--engine", "duckdb"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert (done.returncode == 1) == any(line.rstrip().endswith(" failed") for line in lines)
    return lines


@pytest.mark.parametrize(
    "start",
    [
        "memory of a known allocation ",
        "memory, with a forked child ",
        "processor time of one thread ",
        "processor time of two threads ",
        "processor time of a child ",
        "an engine that is wrong   .* wrong: row 2, column 'mean'",
        "an engine that is late   .* timeout: not done after 9.1 s",
        "an engine that is hungry   .* oom: used .* the limit is 0.93 GiB",
        "an engine that is hungry, by a",
        "an engine that is dying .* error: the process was ended by signal 11",
        "duckdb on one thread, memory ",
        "duckdb on one thread, parquet ",
        "processes left over ",
    ],
)
def test_the_harness_is_as_it_should_be(table: list[str], start: str) -> None:
    line = next(line for line in table if re.match(rf" {start}", line))
    assert line.rstrip().endswith(" ok"), line


@pytest.mark.parametrize("start", NEEDS_A_QUIET_MACHINE)
def test_timings_are_checked_too(table: list[str], start: str) -> None:
    line = next(line for line in table if line.startswith(f" {start}"))
    assert re.search(r"\d", line.removeprefix(f" {start}"))


OK = TrialCell("e", "memory", "ok", "", [SLEEP_SECONDS] * 3, {})


def test_a_sleep_that_is_measured_too_long_fails() -> None:
    assert checks.slept(OK).passed
    assert not checks.slept(dataclasses.replace(OK, seconds=[SLEEP_SECONDS * 1.02] * 3)).passed


def test_time_that_is_added_to_a_round_fails() -> None:
    own = [9.0, *[SLEEP_SECONDS - 2e-5] * 3]  # the cold run comes first
    assert checks.added(OK, own) == checks.Line(
        "time added to a round", "at most 100 µs", "20.0 µs", True
    )
    assert not checks.added(OK, [9.0, *[SLEEP_SECONDS - 2e-4] * 3]).passed
    assert not checks.added(OK, [9.0, *[SLEEP_SECONDS + 1e-3] * 3]).passed


@pytest.mark.parametrize(("share", "passed"), [(1.0, True), (1.06, False), (0.94, False)])
def test_memory_that_is_not_what_was_allocated_fails(share: float, passed: bool) -> None:
    info = {"baseline_bytes": 10**8, "peak_bytes": 10**8 + int(share * ALLOCATED_BYTES)}
    assert checks.allocated("x", dataclasses.replace(OK, info=info)).passed is passed


@pytest.mark.parametrize(("share", "passed"), [(1.0, True), (1.2, False), (0.5, False)])
def test_processor_time_that_is_not_what_was_burnt_fails(share: float, passed: bool) -> None:
    info = {"cpu_seconds": [2 * BURN_SECONDS * share] * 3}
    assert checks.burnt("x", dataclasses.replace(OK, info=info), 2).passed is passed


@pytest.mark.parametrize(("cores", "passed"), [(0.4, True), (1.05, True), (1.6, False)])
def test_a_knob_that_does_not_hold_threads_back_fails(cores: float, passed: bool) -> None:
    info = {"cpu_seconds": [SLEEP_SECONDS * cores] * 3}
    assert checks.kept_to_one_thread(dataclasses.replace(OK, info=info)).passed is passed


def side(factor: float) -> TrialCell:
    seconds = [factor * (1 + wobble / 500) for wobble in (0, 3, 1, 4, 1, 5, 2, 6)]
    return TrialCell("e", "memory", "ok", "", seconds, {"turns": list(range(8))})


@pytest.mark.parametrize(("factor", "passed"), [(1.0, True), (1.02, True), (1.04, False)])
def test_an_engine_that_is_slower_than_itself_fails(factor: float, passed: bool) -> None:
    other = dataclasses.replace(side(1.0), seconds=list(reversed(side(1.0).seconds)))
    assert checks.same("e", side(factor), other).passed is passed


def test_an_engine_without_times_is_not_the_same_as_itself() -> None:
    wrong = TrialCell("e", "memory", "wrong", "row 1 differs", [], {})
    line = checks.same("e", wrong, wrong)
    assert (line.measured, line.passed) == ("wrong: row 1 differs", False)


def test_a_run_that_leaves_no_results_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(TrialFailed, match="no engine 'nothing'"):
        Trial(tmp_path).run(checks.PLANTED, ["nothing"])
