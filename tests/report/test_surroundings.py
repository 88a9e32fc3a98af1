"""What a run says of its machine: in words, and on the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.records.runs import DiskEntry, EnvironmentEntry, NoiseEntry
from report.page.output import build
from report.words import surroundings
from tests.report.test_page import text_of
from tests.support.results_factory import MACHINE, Asked, document, write

QUIET = {"probe_seconds": [0.05], "moved": 0.012, "scattered": 0.02, "noisy": False}
NOISY = {"probe_seconds": [0.05], "moved": -0.2, "scattered": 0.3, "noisy": True}


def page(tmp_path: Path, *fields: dict[str, Any]) -> str:
    cells = [Asked("q1", "polars", (0.1,))]
    paths = [
        write(tmp_path / "results" / f"{at}.json", document(cells, **each))
        for at, each in enumerate(fields)
    ]
    return build(paths, tmp_path / "results" / "index.html").read_text()


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (None, "not measured"),
        (NoiseEntry(), "not measured"),
        (NoiseEntry(**QUIET), "quiet: up to 1% slower, scattered by 2%"),
        (NoiseEntry(**NOISY), "noisy: up to 20% faster, scattered by 30%"),
    ],
)
def test_noise_is_told_in_words(entry: NoiseEntry | None, text: str) -> None:
    assert surroundings.noise(entry) == text


@pytest.mark.parametrize(
    ("noise", "verdict"),
    [
        ([None], "The noise of the machine was not measured."),
        ([QUIET], "The machine was quiet: "),
        ([NOISY], "The machine was noisy: "),
        ([NOISY, QUIET], "The machine was noisy in 1 of 2 runs: "),
    ],
)
def test_the_page_says_whether_the_machine_was_quiet(
    tmp_path: Path, noise: list[Any], verdict: str
) -> None:
    fields = [
        {"noise": each, "machine": {**MACHINE, "name": f"machine {at}"}}
        for at, each in enumerate(noise)
    ]
    assert verdict in text_of(page(tmp_path, *fields))


def test_noise_is_told_below_the_headline_with_its_size(tmp_path: Path) -> None:
    markup = page(tmp_path, {"noise": NOISY})
    parts = ("data-overall", "The machine was noisy: ", ">Ranking<")
    headline, verdict, ranking = map(markup.index, parts)
    assert headline < verdict < ranking
    text = text_of(markup)
    assert "up to 20% more or less than before, and scattered by 30%. Smaller differences" in text


def test_the_noise_of_a_run_of_which_nothing_is_shown_is_not_told(tmp_path: Path) -> None:
    older = {"noise": NOISY, "started": "2026-11-01T09:30:00+00:00"}
    assert "The machine was quiet: " in text_of(page(tmp_path, {"noise": QUIET}, older))


def test_the_environment_leaves_out_what_is_not_known() -> None:
    entry = EnvironmentEntry(
        variables={"OMP_NUM_THREADS": "4"},
        disk=DiskEntry(device="nvme0n1", filesystem="ext4", rotational=False),
        memory_limit_bytes=2**33,
        load_before=0.25,
    )
    assert surroundings.environment(entry) == [
        ("Disk", "nvme0n1, ext4, solid-state"),
        ("Memory limit", "8 GiB"),
        ("Load", "0.2 before"),
        ("OMP_NUM_THREADS", "4"),
    ]
    assert surroundings.environment(None) == []


def test_gpus_and_the_command_are_told(tmp_path: Path) -> None:
    content = document([Asked("q1", "polars", (0.1,))])
    gpu = {"name": "H200", "memory_bytes": 141 * 2**30, "driver": "580.1", "cuda": "13.0"}
    machine = {**content["machine"], "gpus": [gpu]}
    text = text_of(page(tmp_path, {"machine": machine, "command": "pytest --benchmark -k q1"}))
    assert "GPU H200 , 141 GiB, driver 580.1 , CUDA 13.0" in text
    assert "pytest --benchmark -k q1" in text and "format version 1" in text


def test_the_method_links_into_the_readme_of_this_project_only(tmp_path: Path) -> None:
    assert "README.md#" not in page(tmp_path, {})
    (tmp_path / "README.md").write_text("# Our own project\n")
    assert "README.md#" not in page(tmp_path, {})
    (tmp_path / "README.md").write_text("# enginebench\n")
    markup = page(tmp_path, {})
    assert 'href="../README.md#how-it-measures"' in markup
    assert 'href="../results/README.md"' in markup


def test_the_page_says_what_an_engine_is_and_takes_on_the_disk(tmp_path: Path) -> None:
    about = {"label": "Polars", "colour": "#0075ff", "language": "python", "version": "2.1.0"}
    whole = {**about, "unavailable": None, "note": "It streams.", "installed_bytes": 187_503_771}
    text = page(tmp_path, {"engines": {"polars": whole}})
    assert "<dd><bdi>It streams. 188 MB installed, with what it requires.</bdi></dd>" in text
    assert "installed, with" not in page(
        tmp_path, {"engines": {"polars": {**whole, "installed_bytes": None}}}
    )
