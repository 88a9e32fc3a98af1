"""How the report copes with many cells: `python -m tests.tools.report_scale [--cells 100000]`.

Makes a results file of so many cells with ten rounds each, builds the page in a fresh process,
opens it in Chromium without a network, and prints seconds and megabytes. It is run by hand, for its
figures depend on the machine.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from tests.support.results_factory import (
    ENGINES,
    FACTORS,
    MEMORY,
    PYTHON,
    SQL,
    Asked,
    Document,
    document,
    write,
)

ROUNDS = 10
SIZES = ("small", "medium", "large", "huge", "vast")
INPUTS = ("memory", "parquet", "csv", "arrow", "json")
WORKLOADS = 4
CHANGES = {
    "metric": "document.forms.controls.elements.metric.value = 'peak'",
    "baseline": "document.forms.controls.elements.baseline.value = 'pandas'",
    "workload": "document.forms.controls.elements.workload.value = 'workload2'",
    "size": "document.forms.controls.elements.size.value = 'large'",
    "engine": "document.querySelector('[name=engine]').checked = false",
}
"""What the reader changes, one after the other, each from a fresh start."""
APPLY = """() => new Promise((done) => {
  const start = performance.now();
  CHANGE;
  document.forms.controls.dispatchEvent(new Event('change', { bubbles: true }));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
})"""


def many(cells: int) -> Document:
    """Returns a results file with this number of cells, of which about one in fifty has no time."""
    content = document(list(_cells(cells)), sql=_Queries())
    for entry in content["benchmarks"]:
        entry["extra_info"]["turns"] = list(range(ROUNDS))
    return content


class _Queries(dict[str, str]):
    def get(self, query: str, default: Any = None) -> Any:
        return SQL.format(name=query)


def _cells(count: int) -> Iterator[Asked]:
    generator = np.random.default_rng(3)
    queries = max(1, round(count / (len(ENGINES) * len(SIZES) * len(INPUTS) * WORKLOADS)))
    for number in range(count):
        rest, engine = divmod(number, len(ENGINES))
        rest, query = divmod(rest, queries)
        rest, size = divmod(rest, len(SIZES))
        workload, source = divmod(rest, len(INPUTS))
        name = list(ENGINES)[engine]
        typical = 0.01 * 8**size * FACTORS[name] * generator.lognormal(0, 0.5)
        noise = generator.lognormal(0, 0.05, ROUNDS)
        failed = generator.random() < 0.02
        yield Asked(
            f"q{query}", name, () if failed else [float(f"{typical * x:.7f}") for x in noise],
            outcome="error" if failed else "ok", reason="it broke" if failed else "",
            workload=f"workload{workload}", size=SIZES[size], input=INPUTS[source], threads=16,
            peak_bytes=int(MEMORY[name] * generator.uniform(0.7, 1.2) * 2**20),
            program=PYTHON.format(name=f"{query} {name} {INPUTS[source]}"),
        )  # fmt: skip


def build_seconds(results: Path, page: Path) -> float:
    """Builds a page by `python -m report`, in a process of its own; returns the seconds it took."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "report", str(results), "-o", str(page)], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    return time.perf_counter() - start


def browse(page: Path) -> dict[str, float]:
    """Opens a page in Chromium; returns, by name, the seconds of the first view and of each change.

    The first view ends when the ranking is drawn. A change is what a reader chooses, such as
    another metric; it ends when the page has been redrawn.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        opened = browser.new_context(offline=True).new_page()
        start = time.perf_counter()
        opened.goto(page.as_uri(), wait_until="commit")
        opened.wait_for_selector("[data-chart=ranking] svg.marks", timeout=120_000)
        seconds = {"first view": time.perf_counter() - start}
        for name, change in CHANGES.items():
            opened.evaluate("become(defaultState())")
            opened.wait_for_timeout(1500)
            script = APPLY.replace("CHANGE", change)
            seconds[f"change of {name}"] = opened.evaluate(script) / 1000
        opened.evaluate("openDetails(0)")
        browser.close()
    return seconds


def main(cells: Annotated[int, typer.Option(help="How many.")] = 100_000) -> None:
    """Prints the sizes of results file and page, and the seconds to build and use the page."""
    table = Table("what", "figure")
    with tempfile.TemporaryDirectory() as folder:
        results, page = Path(folder) / "results.json", Path(folder) / "page.html"
        write(results, many(cells))
        table.add_row("results file", f"{results.stat().st_size / 1e6:.1f} MB")
        table.add_row("built in", f"{build_seconds(results, page):.1f} s")
        table.add_row("page", f"{page.stat().st_size / 1e6:.1f} MB")
        for name, seconds in browse(page).items():
            table.add_row(name, f"{seconds:.2f} s")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
