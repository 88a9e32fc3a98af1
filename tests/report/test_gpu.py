"""Results of a GPU's environment and of the CPU's, of one machine, in one report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from report.page.output import build
from tests.support.opened import Opened, needs_chromium
from tests.support.page_script import Script
from tests.support.results_factory import ENGINES, MACHINE, Asked, Document, document, write

pytestmark = needs_chromium
CUDF = {"label": "cuDF", "colour": "#3a0ca3", "language": "python", "version": "26.10.2"}
OLDER = {**ENGINES["pandas"], "version": "3.0.6"}
GPU = {"name": "NVIDIA H200", "memory_bytes": 141 * 2**30, "driver": "580.65", "cuda": "13.0"}
ROWS = {"small": 10**6, "large": 10**8}
SECONDS = {"duckdb": {"small": 0.02, "large": 2.0}, "cudf": {"small": 0.04, "large": 0.25},
           "pandas": {"small": 0.1, "large": 9.0}}  # fmt: skip


def run(*engines: str, started: str, gpu: bool) -> Document:
    """A run of one query at two sizes, with what only a GPU's environment records."""
    known = {**ENGINES, "cudf": CUDF, **({"pandas": OLDER} if gpu else {})}
    asked = [
        Asked("q1", engine, [seconds, seconds * 1.01, seconds * 0.99], size=size)
        for engine in engines
        for size, seconds in SECONDS[engine].items()
    ]
    content = document(asked, known, started=started)
    for entry in content["benchmarks"]:
        info = entry["extra_info"]
        info["table_rows"] = ROWS[info["size"]]
        if info["engine"] == "cudf":
            info["gpu"] = {"peak_bytes": 3 * 2**30, "device_bytes": 4 * 2**30, "utilisation": 0.5,
                           "transfer_seconds": 0.75, "temperature_c": 61, "sm_clock_mhz": 1980,
                           "energy_joules": 42.0}  # fmt: skip
            info["fallback_share"] = 0.125
    content["machine"] = {**MACHINE, "gpus": [GPU] if gpu else []}
    return content


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("gpu")
    cpu = run("duckdb", "pandas", started="2026-11-20T09:30:00+00:00", gpu=False)
    gpu = run("cudf", "pandas", started="2026-11-20T11:30:00+00:00", gpu=True)
    return [write(folder / "cpu.json", cpu), write(folder / "gpu.json", gpu)]


@pytest.fixture
def opened(open_file: Callable[..., Opened], files: list[Path]) -> Opened:
    page = files[0].parent / "page.html"
    return open_file(page if page.exists() else build(files, page))


def test_the_chart_of_where_a_gpu_begins_to_win_has_the_engines_of_both(
    opened: Opened, files: list[Path]
) -> None:
    rows = Script(files).rows("crossover")
    assert {row["rows"]: row["label"] for row in rows} == {
        ROWS["small"]: "CPU 20.0 ms, GPU 40.0 ms: 0.50×",
        ROWS["large"]: "CPU 2.00 s, GPU 250 ms: 8.00×",
    }
    opened.page.locator('[data-chart="crossover"]').scroll_into_view_if_needed()
    opened.page.locator('[data-chart="crossover"] svg.marks').wait_for()


def test_both_versions_of_an_engine_and_the_gpu_are_there(opened: Opened) -> None:
    text = opened.page.inner_text("body")
    assert "cuDF" in text and "DuckDB" in text
    assert "3.0.6" in text and "3.1.1" in text
    assert "NVIDIA H200" in opened.page.content()


def test_a_cell_on_a_gpu_tells_what_the_gpu_did(opened: Opened) -> None:
    opened.cell("cuDF", "q1").click()
    opened.page.locator("#details svg.marks").first.wait_for()
    text = opened.text("#details")
    for part in ("Peak GPU memory", "4,096 MiB", "Moving the tables to the GPU 750 ms", "50%",
                 "61 °C", "1980 MHz", "42 J", "Fell back to the CPU", "13%"):  # fmt: skip
        assert part in text, text
