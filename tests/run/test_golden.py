"""A whole results file is like its golden file, in which values that vary are masked."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from harness.records.cells import Figures
from tests import places
from tests.support.benchmark_runs import MEANS, TABLE, Project, fakes

GOLDEN = places.GOLDEN / "results.json"
YAML = f"""\
title: Means
tables:
  t: t.csv
queries:
  q1:
    title: The mean of each
    sql: {MEANS}
  native:
    native: {{pandas: mine.py:means}}
    sql: {MEANS}
"""
NATIVE = """\
def means(t):
    frame = t("t")
    return frame.groupby("k", as_index=False).agg(mean=("x", "mean"))
"""

STABLE = {
    *("rows", "table_rows", "cold_process", "caches_dropped", "interleaved", "gpu"),
    "fallback_share",
}
"""Figures that are the same in every run."""
VOLATILE = {
    *("started", "finished", "datetime", "machine", "versions", "version", "engine_version"),
    "installed_bytes",
    *("cpu_seconds", "turns", "processes", "stats", "options", "environment", "noise", "seconds"),
    *(Figures.model_fields.keys() - STABLE),
}
NOT_OURS = {"commit_info", "machine_info"}


def test_a_results_file_is_as_it_is_known_to_be(tmp_path: Path) -> None:
    project = Project(tmp_path).write(means_yaml=YAML, mine_py=NATIVE, t_csv=TABLE)
    engines = fakes("duckdb", "Right", "Wrong", "pandas")
    chosen = "mine or not pandas"  # whose compiled programs are another test's business
    assert project.benchmark("means.yaml", "--threads", "1", "--engines", engines, "-k", chosen)
    masked = json.dumps(_masked(project.results()), indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(masked, encoding="utf-8")
    assert masked == GOLDEN.read_text(encoding="utf-8")


def _masked(value: Any, key: str = "") -> Any:
    """Returns the value with ``<type>`` in place of what differs from run to run or by machine.

    Fields of pytest-benchmark's own (NOT_OURS) become ``…``.
    """
    if key in NOT_OURS:
        return "…"
    if key in VOLATILE:
        return _type(value)
    if isinstance(value, dict):
        return {name: _masked(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    return value


def _type(value: Any) -> Any:
    if isinstance(value, dict):
        return dict.fromkeys(value, "…")
    if isinstance(value, list):
        return f"<list of {type(value[0]).__name__}>" if value else []
    return f"<{type(value).__name__}>"
