"""What a person sees on a terminal of 80 columns while and after ``pytest --benchmark`` runs."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from harness.outcome import Cell, Outcome, Record, Round
from harness.run.terminal import detail
from harness.tables import Input
from tests.support.benchmark_runs import MEANS, QUICK, TABLE, Project, fakes
from tests.support.records import figures

pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")

SEQUENCE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])")


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    project = Project(tmp_path_factory.mktemp("terminal"))
    long = "A title that is far too long for the eighty columns that this terminal has"
    yaml = f"tables: {{t: t.csv}}\nqueries:\n  q1:\n    title: {long}\n    sql: {MEANS}\n"
    project.write(that_yaml=yaml, t_csv=TABLE)
    arguments = ("that.yaml", "--engines", fakes("duckdb", "Wrong"))
    return _on_a_terminal(project, project.command("--benchmark", *QUICK, *arguments))


def _on_a_terminal(project: Project, command: list[str]) -> str:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    environment = {**project.environment, "TERM": "xterm"}
    environment.pop("COLUMNS")
    with subprocess.Popen(
        command, cwd=project.folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    ):
        os.close(theirs)
        received = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return received.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux: the other side is closed
        return b""


def screen(output: str) -> list[str]:
    """Returns the lines that a terminal of any width shows after this output, without colours."""
    lines, row, column, at = [""], 0, 0, 0
    while at < len(output):
        if found := SEQUENCE.match(output, at):
            count = int(found[1]) if found[1].isdigit() else 1
            if found[2] == "A":
                row = max(0, row - count)
            elif found[2] == "K":
                lines[row] = "" if found[1] == "2" else lines[row][:column]
            at = found.end()
            continue
        character, at = output[at], at + 1
        if character == "\r":
            column = 0
        elif character == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        else:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + character + line[column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]


def test_the_screen_reader_of_these_tests_moves_up_and_erases() -> None:
    assert screen("one\r\ntwo\rT\r\n\x1b[1A\x1b[2Knew\x1b[31m!") == ["one", "new!", ""]


def test_the_status_line_says_what_is_being_done_and_leaves_no_trace(output: str) -> None:
    for doing in ("starting", "first run", "checking the answer", "round 1 "):
        assert f"that::q1 duckdb · {doing}" in output
    assert not any(" · round " in line or " · starting" in line for line in screen(output))


def test_the_lines_of_cells_stand_one_below_the_other_before_pytests_own(output: str) -> None:
    lines = screen(output)
    heading = next(i for i, line in enumerate(lines) if line.startswith("that::q1  memory"))
    assert lines[heading].startswith("that::q1  memory · own · 1 of 2  A title that is far too")
    assert lines[heading + 1] == (  # it ended first
        "  tests.fakes.engines:Wrong  wrong       row 2, column 'mean': 12.5, expected 1…"
    )
    assert lines[heading + 2].startswith("  duckdb                     ok  ")
    assert any("FAILURES" in line for line in lines[heading + 3 : heading + 6])


def test_the_cursor_is_given_back(output: str) -> None:
    assert output.rindex("\x1b[?25h") > output.rindex("\x1b[?25l")


def test_a_report_is_named_where_the_run_ends(output: str) -> None:
    lines = screen(output)
    report = next(line for line in lines if line.startswith("report "))
    assert Path(report.split(maxsplit=1)[1]).name == "index.html"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [((2.0,), "2 s in 1 round · cold"), ((0.1, 0.2, 0.21), "200 ms ±50% in 3 rounds · cold")],
)
def test_the_spread_of_rounds_is_told(seconds: tuple[float, ...], told: str) -> None:
    cell = Cell("w", "q", "polars", "small", Input.MEMORY, 2)
    rounds = tuple(Round(each, each) for each in seconds)
    assert told in detail(Record(cell, Outcome.OK, rounds=rounds, figures=figures()), 80)


def test_bytes_per_second_of_files_are_told_and_more_with_v() -> None:
    cell = Cell("w", "q", "polars", "small", Input.CSV, 2)
    known = figures(
        **{"rows": 10**6, "input_rows": 2 * 10**6, "input_bytes": 10**8, "output_bytes": 5 * 10**7},
        **{"peak_bytes": 3 * 10**8, "disk_read_bytes": 0, "disk_written_bytes": 5 * 10**7},
        spilled_bytes=3 * 10**6,
    )
    record = Record(cell, Outcome.OK, rounds=(Round(0.5, 0.5),), figures=known)
    rates = "peak 300 MB · in 200 MB/s · out 100 MB/s · spilled 3 MB"
    assert detail(record, 120).endswith(rates)
    for room in range(55, 120):
        assert len(detail(record, room)) <= room
    assert detail(record).endswith(
        "in 200 MB/s, 4M rows/s · out 100 MB/s, 2M rows/s · peak 3× its files · "
        "disk 0 bytes read, 50 MB written · spilled 3 MB"
    )


def test_engines_are_ranked_where_no_page_can_be_drawn(tmp_path: Path) -> None:
    (tmp_path / "results" / "index.html").mkdir(parents=True)
    yaml = f"tables: {{t: t.csv}}\nqueries: {{q: {MEANS!r}}}\n"
    project = Project(tmp_path).write(w_yaml=yaml, t_csv=TABLE)
    done = project.benchmark("w.yaml", "--engines", "duckdb,polars")
    assert done.code == 3 and "index.html cannot be drawn" in done.all
    assert "1.00×" in done.out
