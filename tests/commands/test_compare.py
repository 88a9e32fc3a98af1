"""``harness compare``: its verdicts on planted changes, and its exit codes."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from harness.commands.cli import app
from harness.commands.compare import MetricName
from harness.measure.rounds import Rounds
from harness.records.medians import PROCESS_ERROR
from report.compare.changes import Changes, ChangeVerdict, NothingInCommon, alias_of, compare_runs
from report.compare.metrics import METRICS
from report.compare.statistics import Sample, estimate_median, ratio_of
from report.read.sources import RunFile, newest, read_all
from report.words.change_tables import as_json, listing, markdown
from tests.support.results_factory import ENGINES, MACHINE, Asked, document, realistic, write

STEADY = (0.99, 1.0, 1.01, 0.995, 1.005)
"""Rounds whose median is 1 s, give or take 1%."""
MORNING, EVENING = "2026-11-20T09:30:00+00:00", "2026-11-20T19:30:00+00:00"


def rounds(seconds: float) -> list[float]:
    return [seconds * each for each in STEADY]


def cell(query: str, seconds: float | str, engine: str = "polars", **more: Any) -> Asked:
    """Returns a cell with steady rounds of ``seconds`` or, if that is a text, with that outcome."""
    if isinstance(seconds, str):
        return Asked(query, engine, outcome=seconds, reason=f"because {seconds}", **more)
    return Asked(query, engine, rounds(seconds), **more)


def run(path: Path, cells: Sequence[Asked], started: str = MORNING, **fields: Any) -> RunFile:
    return newest(write(path, document(cells, started=started, **fields)))


def changes(folder: Path, before: Sequence[Asked], after: Sequence[Asked], **more: Any) -> Changes:
    return compare_runs(run(folder / "a.json", before), run(folder / "b.json", after), **more)


def verdicts(found: Changes) -> dict[str, str]:
    return {change.after.cell.query: str(change.verdict) for change in found.changes}


def test_each_shift_has_its_verdict_and_the_most_important_comes_first(tmp_path: Path) -> None:
    before = {"same": 1.0, "up": 1.0, "down": 1.0, "far_up": 0.1, "broke": 1.0, "mended": "error"}
    after = {"same": 1.002, "up": 1.2, "down": 0.8, "far_up": 0.3, "broke": "wrong", "mended": 1.0}
    both = [[cell(name, value) for name, value in side.items()] for side in (before, after)]
    found = changes(tmp_path, *both)
    assert list(verdicts(found).items()) == [
        ("broke", "lost"),
        ("far_up", "slower"),
        ("up", "slower"),
        ("mended", "gained"),
        ("down", "faster"),
        ("same", "tie"),
    ]
    up = found.changes[2].ratio
    assert up is not None and up.interval is not None
    assert up.value == pytest.approx(1.2)
    assert 1.15 < up.interval[0] < 1.2 < up.interval[1] < 1.25


def test_a_run_against_itself_has_no_change(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", realistic())
    found = compare_runs(newest(path), newest(path))
    assert set(verdicts(found).values()) <= {"tie", "not told apart", "no value"}
    mean = found.mean()
    assert mean is not None
    assert (mean.value, mean.low is not None and mean.low < 1) == (1.0, True)


@pytest.mark.parametrize(("noise", "ties"), [(0.03, (0, 60)), (0.002, (200, 270))])
def test_two_runs_of_the_same_thing_are_not_told_apart_but_for_chance(
    tmp_path: Path, noise: float, ties: tuple[int, int]
) -> None:
    """Of 300 equal cells 2 to 8% are called faster or slower; with little noise most others tie."""
    generator = np.random.default_rng(5)

    def noisy() -> list[Asked]:
        return [
            Asked(f"q{at}", "polars", _process(0.1, generator) * generator.lognormal(0, noise, 9))
            for at in range(300)
        ]

    found = changes(tmp_path, noisy(), noisy())
    counts = found.counts()
    assert 0.02 < 1 - (counts[ChangeVerdict.TIE] + counts[ChangeVerdict.UNCLEAR]) / 300 < 0.08
    assert ties[0] <= counts[ChangeVerdict.TIE] <= ties[1]
    assert found.regressions(above=0.05) == ()
    mean = found.mean()
    assert mean is not None and mean.low is not None and mean.high is not None
    assert 0.99 < mean.low < 1 < mean.high < 1.01


@pytest.mark.parametrize("scale", [0.0005, 0.2, 30.0])
def test_the_interval_covers_the_known_ratio_about_as_often_as_it_says(scale: float) -> None:
    """Of 400 pairs with a known ratio of 1.1 the 95% interval should hold it in about 380."""
    generator = np.random.default_rng(11)
    metric, covered = METRICS[0], 0
    for trial in range(400):
        pair = []
        for side, true in (("after", 1.1), ("before", 1.0)):
            seconds = tuple(_process(scale * true, generator) * generator.lognormal(0, 0.05, 9))
            each = _cell_of(f"{side} {trial}", seconds)
            pair.append(metric.estimate(each))
        low, high = ratio_of(*pair).interval
        covered += low <= 1.1 <= high
    assert 0.92 <= covered / 400 <= 0.98


@pytest.mark.parametrize("noise", [0.015, 0.03, 0.06])
def test_that_rounds_end_early_hardly_narrows_what_the_interval_holds(noise: float) -> None:
    """A cell stops when its rounds agree, also by chance; intervals still hold 1 in 92% or more."""
    generator, rule, covered = np.random.default_rng(3), Rounds(), 0
    for _ in range(600):
        sides = []
        for _ in range(2):
            speed = _process(1.0, generator)
            seconds = [speed * float(generator.lognormal(0, noise))]
            while not (rule.sure(seconds) or rule.limit(len(seconds), sum(seconds))):
                seconds.append(speed * float(generator.lognormal(0, noise)))
            sides.append(estimate_median(Sample(seconds)))
        low, high = ratio_of(*sides).interval
        covered += low <= 1 <= high
    assert 0.92 <= covered / 600 <= 0.985


def _process(seconds: float, generator: np.random.Generator) -> float:
    """Returns what a program of so many seconds takes in one process, off by a random share.

    The share's spread is PROCESS_ERROR.
    """
    return seconds * float(generator.lognormal(0, PROCESS_ERROR))


def _cell_of(name: str, seconds: tuple[float, ...]) -> Any:
    from datetime import UTC, datetime

    from report.read.frame import EngineVersion, ResultCell, Setting

    setting = Setting("laptop", "groupby", "small", "memory", 2)
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    return ResultCell(setting, name, EngineVersion("polars", "2"), moment, "ok", seconds=seconds)


def test_turned_round_a_ratio_has_the_reciprocal_interval(tmp_path: Path) -> None:
    slow, fast = [cell("q1", 1.3)], [Asked("q1", "polars", (1.0, 1.1, 1.02, 0.97))]
    (up,), (down,) = (
        changes(tmp_path / str(at), *pair).changes
        for at, pair in enumerate([(fast, slow), (slow, fast)])
    )
    assert up.ratio is not None and up.ratio.interval is not None
    assert down.ratio is not None and down.ratio.interval is not None
    assert up.ratio.interval[1] == pytest.approx(1 / down.ratio.interval[0])


def test_single_numbers_are_told_apart_by_five_percent_and_have_no_interval(tmp_path: Path) -> None:
    peaks = {"same": 1.04, "more": 1.06, "less": 0.9}
    before = [cell(name, 1.0, peak_bytes=10**8) for name in peaks]
    after = [cell(name, 1.0, peak_bytes=int(10**8 * factor)) for name, factor in peaks.items()]
    metric = next(each for each in METRICS if each.name == "peak")
    found = changes(tmp_path, before, after, metric=metric)
    assert verdicts(found) == {"more": "slower", "less": "faster", "same": "not told apart"}
    assert [row[0] for row in listing(found).cells.rows] == ["1.06× more", "1.11× less"]
    assert len(found.regressions(0.05)) == 1 and found.regressions(0.07) == ()


def test_versions_of_an_engine_match_and_a_changed_query_does_not(tmp_path: Path) -> None:
    older = {"polars": {**ENGINES["polars"], "version": "1.9.0"}}
    both = [cell("q1", 1.0), cell("q2", 1.0)]
    found = compare_runs(
        run(tmp_path / "a.json", both, engines=older),
        run(tmp_path / "b.json", both, sql={"q2": "select 2"}),
    )
    (change,) = found.changes
    versions = [side.cell.engine.version for side in (change.before, change.after)]
    assert (change.after.cell.query, versions) == ("q1", ["1.9.0", "2.1.0"])
    assert [each.query for each in found.rewritten] == ["q2"]


def test_an_alias_lets_one_engine_stand_for_another(tmp_path: Path) -> None:
    both = [cell("q1", 1.0, "pandas"), cell("q1", 0.5, "polars"), cell("q1", 0.7, "duckdb")]
    found = changes(tmp_path, both, both, aliases=[alias_of("pandas=polars")])
    pairs = {
        (c.before.cell.engine.name, c.after.cell.engine.name): str(c.verdict) for c in found.changes
    }
    assert pairs == {("pandas", "polars"): "faster", ("duckdb", "duckdb"): "tie"}


@pytest.mark.parametrize(("field", "before"), [("threads", "2"), ("clients", "default")])
def test_axes_can_be_aliased_and_the_refusal_says_so(
    tmp_path: Path, field: str, before: str
) -> None:
    one, four = [cell("q1", 1.0)], [cell("q1", 0.6, **{field: 4})]
    told = f"{field} {before}, the second 4; see --alias {field}:A=B"
    with pytest.raises(NothingInCommon, match=told):
        changes(tmp_path, one, four)
    found = changes(tmp_path, one, four, aliases=[alias_of(f"{field}:{before}=4")])
    assert verdicts(found) == {"q1": "faster"}


def test_of_a_folder_the_newest_run_is_taken(tmp_path: Path) -> None:
    write(tmp_path / "laptop" / "b.json", document([cell("q1", 1.0)], started=MORNING))
    write(tmp_path / "laptop" / "a.json", document([cell("q1", 1.0)], started=EVENING))
    (tmp_path / "laptop" / "c.json").write_text("{")
    told: list[str] = []
    assert newest(tmp_path, told.append).path.name == "a.json"
    assert len(told) == 1 and "c.json: not JSON" in told[0]


def test_the_command_knows_every_metric() -> None:
    assert [str(name.value) for name in MetricName] == [metric.name for metric in METRICS]


# The command line.


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Writes a.json, and b.json in which q2 takes 1.2 times as long; makes their folder current."""
    monkeypatch.chdir(tmp_path)
    run(tmp_path / "a.json", [cell("q1", 1.0), cell("q2", 1.0)])
    run(tmp_path / "b.json", [cell("q1", 1.0), cell("q2", 1.2)])
    return tmp_path


def compare(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["compare", *arguments])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["a.json", "b.json"], 0),
        (["a.json", "b.json", "--fail-above", "5%"], 1),
        (["a.json", "b.json", "--fail-above", "19%"], 0),
        (["a.json", "b.json", "--fail-above", "0%"], 1),
        (["b.json", "a.json", "--fail-above", "5%"], 0),
        (["a.json", "a.json", "--fail-above", "0%"], 0),
        (["a.json", "none.json"], 2),
        (["a.json", "b.json", "--fail-above", "5"], 2),
        (["a.json", "b.json", "--metric", "luck"], 2),
        (["a.json", "b.json", "--alias", "colour:a=b"], 2),
        (["a.json", "b.json", "--alias", "pandas=polars"], 2),
    ],
)
def test_the_exit_code_is_the_verdict(files: Path, arguments: list[str], code: int) -> None:
    outcome = compare(*arguments)
    assert outcome.exit_code == code, outcome.output
    assert "Traceback" not in outcome.output


@pytest.mark.parametrize("outcome", ["wrong", "error", "timeout", "oom", "unavailable"])
def test_a_cell_that_lost_its_time_fails_the_gate(files: Path, outcome: str) -> None:
    run(files / "b.json", [cell("q1", 1.0), cell("q2", outcome)])
    found = compare("a.json", "b.json", "--fail-above", "500%")
    assert found.exit_code == 1
    assert f"because {outcome}" in found.output


def test_a_cell_that_the_second_run_did_not_ask_does_not(files: Path) -> None:
    run(files / "b.json", [cell("q1", 1.0)])
    found = compare("a.json", "b.json", "--fail-above", "0%")
    assert found.exit_code == 0
    assert "1 cell only in the first run, 0 only in the second" in found.output


def test_a_cell_that_the_second_run_did_not_come_to_is_no_regression(files: Path) -> None:
    run(files / "b.json", [cell("q1", 1.0), cell("q2", "skipped")], interrupted=True)
    found = compare("a.json", "b.json", "--fail-above", "0%")
    assert found.exit_code == 0
    assert "the second run was interrupted" in found.output
    assert "1 cell only in the first run, 0 only in the second" in found.output


def test_a_journal_is_compared_as_far_as_it_goes(files: Path) -> None:
    """A journal of one ended cell and one that was not reached is compared like a results file."""
    whole = document([cell("q1", 2.0), cell("q2", 1.0)], interrupted=True)
    skipped = [{**c, "outcome": "skipped", "reason": "not reached"} for c in whole["cells"]]
    limits = dict.fromkeys(("memory_limit", "gpu_memory_limit", "together_limit"))
    basis = {"timeout": 1.0, "rounds": {}, "cold_process": False, "drop_caches": False, "data": {}}
    head = {**whole, "cells": skipped, "benchmarks": [], "basis": {**basis, **limits}}
    lines = [head, {"cell": whole["cells"][0], "benchmark": whole["benchmarks"][0]}]
    (files / "b.journal").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = compare("a.json", "b.journal", "--fail-above", "5%")
    assert found.exit_code == 1, found.output
    assert "2.00× slower" in found.output and "1 cell only in the first run" in found.output


def test_a_machine_that_was_itself_slower_is_told(files: Path) -> None:
    for name, seconds, noisy in (("a.json", 0.05, False), ("b.json", 0.065, True)):
        noise = {"probe_seconds": [seconds] * 8, "moved": 0.0, "noisy": noisy}
        run(files / name, [cell("q1", 1.0)], noise=noise)
    output = " ".join(compare("a.json", "b.json").output.split())
    assert "the machine itself was 1.30× slower in the second run, by its probe" in output
    assert "noisy during the second run" in output and "noisy during the first run" not in output


def test_the_command_as_it_is_installed(files: Path) -> None:
    command = "from harness.commands.cli import app; app()"
    arguments = ["compare", "a.json", "b.json", "--fail-above", "5%"]
    done = subprocess.run(
        [sys.executable, "-c", command, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if "groupby::" in line]
    assert lines == [["1.20×", "slower", "groupby::q2", "polars", "1.00", "s", "1.20", "s",
                      "1.20", lines[0][-1]]]  # fmt: skip
    assert "1 regression above 5%: " in done.stdout
    assert done.stderr == ""


def test_ties_are_listed_only_where_all_is_asked(files: Path) -> None:
    assert "groupby::q1" not in compare("a.json", "b.json").output
    assert "groupby::q1" in compare("a.json", "b.json", "--all").output


UNSURE = (0.8, 0.9, 1.15, 1.4, 1.6)
"""Rounds around 1.15 s of which nothing can be said beside a second of steady ones."""


def test_what_cannot_be_told_apart_is_no_tie_and_no_regression(files: Path) -> None:
    run(files / "b.json", [cell("q1", 1.0), Asked("q2", "polars", UNSURE)])
    found = compare("a.json", "b.json", "--fail-above", "5%")
    words = " ".join(found.output.split())
    assert found.exit_code == 0
    assert "not listed (see --all): 1 tie and 1 cell not told apart yet" in words
    assert "no regression above 5%" in words
    assert "1 more cell may be worse by as much, but cannot be told apart yet" in words
    assert "may be worse" not in compare("a.json", "b.json", "--fail-above", "500%").output
    assert "not told apart groupby::q2" in " ".join(
        compare("a.json", "b.json", "--all").output.split()
    )


def test_markdown_and_json_tell_what_cannot_be_told_apart(files: Path) -> None:
    run(files / "b.json", [cell("q1", 1.0), Asked("q2", "polars", UNSURE)])
    text = compare("a.json", "b.json", "--all", "--format", "markdown").output
    assert "| not told apart | groupby::q2 |" in text and "| tie | groupby::q1 |" in text
    asked = ("--format", "json", "--fail-above", "5%")
    found = json.loads(compare("a.json", "b.json", *asked).output)
    assert [(c["query"], c["verdict"], c["regression"]) for c in found["changes"]] == [
        ("q2", "not told apart", False),
        ("q1", "tie", False),
    ]
    assert found["counts"]["not told apart"] == found["counts"]["tie"] == found["may_regress"] == 1


def test_differences_between_machines_are_told(files: Path) -> None:
    run(files / "b.json", [cell("q1", 1.0)], machine={**MACHINE, "cpu": "Xeon", "kernel": "6.2"})
    output = " ".join(compare("a.json", "b.json").output.split())
    assert "the machines differ: cpu AMD Ryzen 7 7840U and Xeon; kernel 6.1.0 and 6.2" in output


def test_json_holds_every_cell_and_the_rule_s_answer(files: Path) -> None:
    outcome = compare("a.json", "b.json", "--format", "json", "--fail-above", "5%")
    found = json.loads(outcome.output)
    assert outcome.exit_code == 1
    assert [(c["query"], c["verdict"], c["regression"]) for c in found["changes"]] == [
        ("q2", "slower", True),
        ("q1", "tie", False),
    ]
    assert found["geometric_mean"]["value"] == pytest.approx(math.sqrt(1.2))
    assert found["changes"][0]["before"]["value"] == pytest.approx(1.0)


def test_text_from_files_can_neither_break_a_table_nor_write_to_the_terminal(files: Path) -> None:
    reason = "a|b `c` [red]d[/red] <script>\x1b[31m\nnext"
    asked = Asked("q2", "polars", outcome="error", reason=reason)
    found = changes(files, [cell("q2", 1.0)], [asked])
    line = next(line for line in markdown(listing(found)).splitlines() if "lost" in line)
    assert r"a\|b \`c\` \[red\]d\[/red\] \<script\>�\[31m next" in line
    write(files / "b.json", document([asked]))
    output = compare("a.json", "b.json").output
    assert "[red]d[/red] <script>�[31m next" in output
    assert "\x1b" not in output
    assert json.loads(as_json(found))["changes"][0]["after"]["reason"] == reason


def test_a_bad_file_is_an_error_where_it_was_named(files: Path) -> None:
    (files / "b.json").write_text("{")
    outcome = compare("a.json", "b.json")
    assert (outcome.exit_code, outcome.output[:29]) == (2, "harness: b.json: not JSON: EO")
    assert read_all([files / "a.json", files / "b.json"]).unread[0].path == files / "b.json"
