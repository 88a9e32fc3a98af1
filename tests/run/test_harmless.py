"""Control characters in a folder of results are escaped, so that the terminal obeys none."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from harness.measure.cell import Phase
from harness.outcome import Cell, Outcome, Record
from harness.run.budget import Budget
from harness.run.terminal import Display
from harness.tables import Input
from report import WorkVerdict
from tests.places import ROOT

EVIL = "\x1b]0;owned\x07\x9b2J\u202e"
CELL = Cell(EVIL, "q", "polars", Input.MEMORY, "small", 1)
ASKED: Any = SimpleNamespace(query=SimpleNamespace(title=EVIL), cell=CELL)
REGISTER: Any = SimpleNamespace(cells=(), record_of=None)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("say", (EVIL,)),
        ("warning", (EVIL,)),
        ("trouble", (EVIL,)),
        ("last_words", (EVIL,)),
        ("progress", (CELL, Phase.COLD, 0)),
        ("cell", (ASKED, Record(CELL, Outcome.ERROR, EVIL))),
        ("summary", (REGISTER, [WorkVerdict(EVIL, EVIL)], (), Path(EVIL), Path(EVIL))),
    ],
)
def test_what_is_printed_shows_escapes_and_does_none(
    tmp_path: Path, method: str, arguments: tuple[Any, ...]
) -> None:
    file = tmp_path / "terminal"
    with file.open("w", encoding="utf-8") as stream:
        display = Display(stream)
        display.begin([CELL], Budget(180.0), Path(EVIL))
        getattr(display, method)(*arguments)
        display.end()
    told = file.read_text(encoding="utf-8")
    assert not set(EVIL) & set(told) - set("]0;owned2J")
    assert method == "progress" or r"\x1b]0;owned\x07\x9b2J\u202e" in told


def test_all_that_a_display_prints_is_tried_here() -> None:
    printing = {"say", "warning", "trouble", "last_words", "progress", "cell", "summary"}
    silent = {"begin", "sharpen", "end", "close"}
    assert {name for name in vars(Display) if not name.startswith("_")} == printing | silent


def test_a_status_line_obeys_nothing() -> None:
    out = io.StringIO()
    display = Display(out)
    display.console = Console(file=out, force_terminal=True, width=200)
    display.begin([CELL], Budget(180.0), Path(EVIL))
    display.progress(CELL, Phase.COLD, 0)
    display.end()
    assert "owned" in out.getvalue() and not set("\x07\x9b\u202e") & set(out.getvalue())


@pytest.mark.parametrize("command", ["report", "harness.commands.cli"])
def test_a_results_file_s_name_is_harmless(tmp_path: Path, command: str) -> None:
    file = tmp_path / f"{EVIL}.json"
    file.write_text("{")
    arguments = [str(file)] if command == "report" else ["compare", str(file), str(file)]
    done = subprocess.run(
        [sys.executable, "-m", command, *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode in (2, 3) and "owned" in done.stderr
    assert not set("\x1b\x07\x9b\u202e") & set(done.stdout + done.stderr)
