"""A noisier run that takes a quieter one's place is shown, and the page says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from report.compare.quieter import Replaced, replaced
from report.page.output import build
from report.read.frame import load
from tests.report.test_page import numbers, text_of
from tests.support.opened import Opened, needs_chromium
from tests.support.results_factory import ENGINES, Asked, Document, document, write

MONDAY, TUESDAY, WEDNESDAY = (f"2026-11-{day}T09:30:00+00:00" for day in (16, 17, 18))
QUIET = (0.0995, 0.1, 0.1005, 0.1, 0.1)
NOISY = (0.09, 0.1, 0.11, 0.13, 0.15)


def run(started: str, *rounds: tuple[float, ...], program: str = "same") -> Document:
    """Returns a run of Polars with the queries q1, q2, …, each with these rounds."""
    return document(
        [Asked(f"q{at}", "polars", each, program=program) for at, each in enumerate(rounds, 1)],
        started=started,
    )


def found(folder: Path, *documents: Document) -> Replaced:
    paths = [write(folder / f"{at}.json", each) for at, each in enumerate(documents)]
    return replaced(load(paths))


def test_a_much_noisier_newer_run_is_known_with_its_quietest_earlier_self(tmp_path: Path) -> None:
    newest = run(WEDNESDAY, NOISY, QUIET)
    told = found(tmp_path, run(MONDAY, QUIET, NOISY), run(TUESDAY, NOISY, QUIET), newest)
    assert told.known == 2
    ((place, earlier),) = told.quieter.items()
    assert place == 0
    assert (earlier.query, earlier.seconds, earlier.started.day) == ("q1", QUIET, 16)


@pytest.mark.parametrize("change", ["program", "version", "machine", "outcome"])
def test_another_program_version_or_machine_is_no_earlier_self(tmp_path: Path, change: str) -> None:
    before = run(MONDAY, QUIET, program="other" if change == "program" else "same")
    if change == "version":
        for each in (before["engines"]["polars"], before["benchmarks"][0]["extra_info"]):
            each["version" if "version" in each else "engine_version"] = "1.0.0"
    if change == "machine":
        before["machine"] = {**before["machine"], "name": "server"}
    if change == "outcome":
        before["cells"][0].update(outcome="error", reason="it broke")
        before["benchmarks"] = []
    told = found(tmp_path, before, run(TUESDAY, NOISY))
    assert told == Replaced(0, {})


def test_a_run_of_too_few_rounds_for_an_interval_is_noisier_than_one_with_it(
    tmp_path: Path,
) -> None:
    assert len(found(tmp_path, run(MONDAY, QUIET), run(TUESDAY, (0.1, 0.1))).quieter) == 1
    assert found(tmp_path, run(MONDAY, (0.1, 0.1)), run(TUESDAY, (0.1, 0.1))).quieter == {}


def test_the_newest_run_is_shown_and_the_page_says_how_many_cells_are_noisier(
    tmp_path: Path,
) -> None:
    paths = [
        write(tmp_path / "a.json", run(MONDAY, QUIET, QUIET)),
        write(tmp_path / "b.json", run(TUESDAY, NOISY, QUIET)),
    ]
    markup = build(paths, tmp_path / "page.html").read_text()
    assert "1 of 2 cells that had been measured before is noisier now" in text_of(markup)
    assert numbers(markup, "cells")["median"] == [0.11, 0.1]
    assert numbers(markup, "cells")["quieter"] == [0, -1]
    alone = build(paths[:1], tmp_path / "alone.html").read_text()
    assert "noisier" not in text_of(alone).split("How it was measured")[0]


@needs_chromium
def test_a_cell_s_note_and_details_tell_what_the_quieter_run_found(
    open_file: Callable[..., Opened], tmp_path: Path
) -> None:
    paths = [
        write(tmp_path / "a.json", run(MONDAY, QUIET, QUIET)),
        write(tmp_path / "b.json", run(TUESDAY, NOISY, QUIET)),
    ]
    opened = open_file(build(paths, tmp_path / "page.html"))
    label = str(ENGINES["polars"]["label"])
    told = "noisier than on 2026-11-16 09:30: 100 ms (99.5–101 ms)"
    opened.cell(label, "q1").hover()
    assert told in opened.text("#tip")
    opened.cell(label, "q2").hover()
    assert "noisier" not in opened.text("#tip")
    opened.cell(label, "q1").click()
    assert opened.text("#details .notice") == f"This run is {told}."
    assert "Earlier medians: 2026-11-16 09:30: 100 ms" in opened.text("#details .note")
