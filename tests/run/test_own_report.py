"""A user's own ``report.py`` in the current folder is not taken for the page's package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ROOT
from tests.support.benchmark_runs import Project

RESULTS = ROOT / "results" / "h100-groupby.json"
ALSO_READS = f"""
from pathlib import Path
from harness.commands.notebook import Benchmarked, benchmark
try:
    benchmark("none.yaml", ["duckdb"])
except Exception as error:
    print("told:", error)
found = Benchmarked(Path({str(RESULTS)!r}), Path())
print(len(found.frame), found.text)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "report.py").write_text("print('the foreign report')\nVALUE = 1\n")
    return tmp_path


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs Python in a folder, which then comes first in its path, as it does in a notebook."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_harness_report_draws_the_page(folder: Path) -> None:
    cli = ("-m", "harness.commands.cli", "report")
    drawn = python(folder, *cli, str(RESULTS), "-o", "page.html", "--title", "Theirs")
    assert drawn.returncode == 0 and drawn.stdout == "page.html\n", drawn
    assert "Theirs" in (folder / "page.html").read_text(encoding="utf-8")
    helped = python(folder, *cli, "--help")
    assert "--format" in helped.stdout and "--theme" in helped.stdout, helped
    missing = python(folder, *cli, "missing.json")
    assert missing.returncode == 2 and missing.stderr.startswith("report: "), missing


def test_a_notebook_reads_results(folder: Path) -> None:
    read = python(folder, "-c", ALSO_READS)
    assert read.returncode == 0 and "foreign" not in read.stdout, read
    assert "told: nothing was measured" in read.stdout and "cuDF" in read.stdout, read


def test_a_foreign_one_that_was_imported_before_is_named(folder: Path) -> None:
    code = "import report, harness\nharness.benchmark('w.yaml')\n"
    told = python(folder, "-c", code).stderr.splitlines()[-1]
    assert "report.py has been imported as the module 'report'" in told
    done = Project(folder).benchmark("w.yaml", "-p", "report", PYTHONPATH=f"{folder}:{ROOT}")
    assert done.code == 4 and "give yours another name" in done.err, done.all
