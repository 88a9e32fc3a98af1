"""What was measured is in journal, results file and page however a run ends: -x, Ctrl-C, twice."""

from __future__ import annotations

import html
import json
import re
import struct
import zlib
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from tests.support.benchmark_runs import MEANS, TABLE, Done, Project, fakes
from tests.support.shares import WHOLE

YAML = f"tables: {{t: t.csv}}\nqueries:\n  q1: {MEANS}\n"
TWO = f"{YAML}  q2: {MEANS} order by k\n"
INTERRUPT = "import os, signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
"""The beginning of a conftest.py that presses Ctrl-C where its hooks say."""
AFTER_THE_FIRST = f"""{INTERRUPT}
def pytest_runtest_logreport(report):
    if report.when == "call":
        os.kill(os.getpid(), signal.SIGINT)
"""


def project_in(folder: Path, yaml: str = YAML, conftest: str = "") -> Project:
    return Project(folder).write(that_yaml=yaml, t_csv=TABLE, conftest_py=conftest)


def rounds(entries: list[dict[str, Any]]) -> dict[str, list[float]]:
    """Returns the seconds of each engine's rounds, from entries of ``benchmarks``, by engine."""
    return {e["extra_info"]["engine"].rpartition(":")[2]: e["stats"]["data"] for e in entries}


def drawn_rounds(project: Project) -> list[int]:
    """Returns how many rounds the page has of each cell, by the numbers in its HTML."""
    page = (project.folder / "results" / "index.html").read_text()
    found = re.search(r'id="rounds" data-columns="([^"]*)">([^<]*)<', page)
    assert found
    name, kind, cells = json.loads(html.unescape(found[1]))[0]
    assert (name, kind) == ("rounds", "Int32Array")
    return list(struct.unpack_from(f"<{cells}i", zlib.decompress(b64decode(found[2]))))


@pytest.mark.parametrize("how", ["-x", "Ctrl-C"])
def test_cells_measured_along_with_the_last_one_asked_for_are_kept(
    tmp_path: Path, how: str
) -> None:
    project = project_in(tmp_path, TWO, AFTER_THE_FIRST if how == "Ctrl-C" else "")
    arguments = ["-x"] if how == "-x" else []
    engines = fakes("Wrong", "Right", "Sleepy")
    done = project.benchmark(
        "that.yaml", "--engines", engines, "--benchmark-json", "own.json", *arguments
    )
    assert done.code == (1 if how == "-x" else 2), done.all
    results = project.results()
    first = {"Wrong": "wrong", "Right": "ok", "Sleepy": "ok"}
    asked = [c["outcome"] for c in results["cells"]]
    assert asked == [*first.values(), *["skipped"] * 3]
    assert results["interrupted"] is True
    kept = rounds(results["benchmarks"])
    assert kept.keys() == {"Right", "Sleepy"} and all(kept.values())
    own = json.loads((tmp_path / "own.json").read_text())
    assert rounds(own["benchmarks"]) == kept
    assert [c["outcome"] for c in own["cells"]] == asked
    assert sorted(drawn_rounds(project)) == [0] * 4 + sorted(map(len, kept.values()))


def resumed(project: Project, *arguments: str) -> Done:
    return project.benchmark(
        "that.yaml", "--engines", fakes("Raising", "Right"), "-x", "--resume", *arguments
    )


def test_resume_goes_on_past_an_error_that_is_kept(tmp_path: Path) -> None:
    project = project_in(tmp_path, TWO)
    first = project.benchmark("that.yaml", "--engines", fakes("Raising", "Right"), "-x")
    assert first.code == 1
    told = [cell["outcome"] for cell in project.results()["cells"]]
    assert told == ["error", "ok", "skipped", "skipped"]
    done = resumed(project)
    assert done.code == 1, done.all
    told = [cell["outcome"] for cell in project.results()["cells"]]
    assert told == ["error", "ok"] * 2
    assert len(project.results()["benchmarks"]) == 2
    assert list((tmp_path / "results").glob("*/*.journal")) == []


AGAIN = {
    "while the first is handled": "def pytest_keyboard_interrupt(excinfo): press()",
    "before results are written": (
        "@pytest.hookimpl(tryfirst=True)\ndef pytest_sessionfinish(session): press()"
    ),
    "while results are written": (
        "@pytest.hookimpl(trylast=True)\n"
        "def pytest_benchmark_update_json(config, benchmarks, output_json): press()"
    ),
    "in the summary": "def pytest_terminal_summary(terminalreporter): press()",
}


PRESSED = [(moment, place % 2 == 0) for place, moment in enumerate(AGAIN)]
"""A moment of Ctrl-C, and whether it is the second one."""
OTHERS = [(moment, not first) for moment, first in PRESSED[1:]]


@pytest.mark.parametrize(("moment", "first"), PRESSED + OTHERS if WHOLE else PRESSED)
def test_ctrl_c_at_the_end_is_one_line_and_nothing_is_lost(
    tmp_path: Path, moment: str, first: bool
) -> None:
    hooks = AFTER_THE_FIRST if first else INTERRUPT
    press = "def press(): os.kill(os.getpid(), signal.SIGINT)\n"
    conftest = f"{hooks}\nimport pytest\n{press}{AGAIN[moment]}\n"
    project = project_in(tmp_path, TWO, conftest)
    done = project.benchmark("that.yaml", "--engines", fakes("Right", "Sleepy"))
    assert done.code == 2, done.all
    assert "Traceback" not in done.all and "INTERNALERROR" not in done.all
    (line,) = [line for line in done.out.splitlines() if line.startswith("interrupted; ")]
    assert project.all_gone()
    measured = 2 if first else 4
    if moment == "in the summary":
        assert len(project.results()["benchmarks"]) == measured
    else:
        (journal,) = (tmp_path / "results").glob("*/*.journal")
        assert str(journal) in line
        told = "--engines tests.fakes.engines:Right,tests.fakes.engines:Sleepy --resume` goes on"
        assert told in line
        assert len(journal.read_text().splitlines()) == 1 + measured
    leftovers = [f for f in (tmp_path / "results").rglob("*") if f.suffix in (".part", "")]
    assert all(f.is_dir() for f in leftovers)


def test_ctrl_c_twice_while_queries_are_collected_is_one_line(tmp_path: Path) -> None:
    press = "os.kill(os.getpid(), signal.SIGINT)"
    twice = f"def pytest_collection(): {press}\ndef pytest_keyboard_interrupt(): {press}\n"
    done = project_in(tmp_path, conftest=INTERRUPT + twice).benchmark("that.yaml")
    assert done.code == 2, done.all
    assert "Traceback" not in done.all
    assert done.out.splitlines()[-1] == "interrupted"
