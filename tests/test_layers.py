"""The way through the code has one direction: who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FORBIDDEN = {
    "report": ("harness",),
    "harness/plan": ("harness.engines", "harness.data", "harness.workload", "harness.measure"),
    "harness/verify": ("harness.engines", "harness.plan", "harness.data", "harness.measure"),
    "harness/data": ("harness.engines", "harness.plan", "harness.measure"),
    "harness/engines": ("harness.data", "harness.workload", "harness.measure", "harness.pool"),
}
"""A folder -> what nothing in it may import."""


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_a_folder_imports_nothing_that_comes_after_it(folder: str) -> None:
    wrong = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in sorted((ROOT / folder).rglob("*.py"))
        for name in imported(file)
        if any(f"{name}.".startswith(f"{module}.") for module in FORBIDDEN[folder])
    ]
    assert wrong == []


def test_only_the_end_of_a_run_and_those_who_compare_runs_use_the_report() -> None:
    users = [
        file.relative_to(ROOT).as_posix()
        for file in sorted((ROOT / "harness").rglob("*.py"))
        if any(name.split(".")[0] == "report" for name in imported(file))
    ]
    assert users == [
        "harness/compare.py",
        "harness/selfcheck/checks.py",
        "harness/session.py",
        "harness/terminal.py",
    ]


def test_the_check_sees_a_wrong_import(tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text("from harness.engines import get\nimport report\n")
    assert list(imported(file)) == ["harness.engines.get", "report"]
