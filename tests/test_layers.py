"""The way through the code has one direction: rooms in order, and nothing imports to its right."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places import ROOT

RECORDS = ("harness", "harness.records")
"""What a run writes and the report reads; all else of the harness is unknown to the report."""
REPORT = (
    "report.errors",
    "report.read",
    "report.compare",
    "report.look",
    "report.words",
    "report.charts",
    "report.page",
    "report",
)
HARNESS = (
    "harness.words",
    "harness.errors",
    "harness.special",
    "harness.characters",
    "harness.types",
    "harness.tables",
    "harness.answer",
    "harness.outcome",
    "harness.machine.gpu",
    "harness.machine",
    "harness.sandbox",
    "harness.data.arrow",
    "harness.data.generators",
    "harness.data",
    "harness.plan.facts",
    "harness.plan.tree",
    "harness.plan.sql",
    "harness.plan.lower",
    "harness.plan.optimize",
    "harness.plan.guards",
    "harness.plan",
    "harness.engines.training",
    "harness.engines.session",
    "harness.engines.constructs",
    "harness.engines.gaps",
    "harness.engines.base",
    "harness.engines.gpu",
    "harness.engines.own_environment",
    "harness.engines.python",
    "harness.engines.pandas",
    "harness.engines.polars",
    "harness.engines.pyspark",
    "harness.engines.pyarrow",
    "harness.engines.dask",
    "harness.engines.cudf",
    "harness.engines.sql.sessions",
    "harness.engines.sql",
    "harness.engines",
    "harness.verify",
    "harness.workload",
    "harness.measure",
    "harness.run",
    "harness.commands",
    "harness.plugin",
)
"""All rooms and the modules between them, in reading order. A module is of the longest name."""
ROOMS = (*RECORDS, *REPORT, *HARNESS)
FLAT_MODULES = 10
"""The most that may lie in ``harness/`` itself."""


def room_of(module: str) -> str:
    """Returns the room of ROOMS that a module is in; raises ValueError if it is in none."""
    found = [room for room in ROOMS if f"{module}.".startswith(f"{room}.")]
    place = max(found, key=len, default="")
    if place in ("harness", "") and module != "harness":
        raise ValueError(f"{module} is in no room of tests/test_layers.py")
    return place


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(file: Path) -> Iterator[str]:
    """Yields the names of the project's own modules that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if _own(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module and _own(node.module):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                there = (ROOT / Path(*name.split("."))).with_suffix(".py").is_file()
                folder = (ROOT / Path(*name.split(".")) / "__init__.py").is_file()
                yield name if there or folder else node.module


def _own(module: str) -> bool:
    return module.split(".")[0] in ("harness", "report")


FILES = sorted(file for name in ("harness", "report") for file in (ROOT / name).rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_nothing_imports_to_its_right(file: Path) -> None:
    place = ROOMS.index(room_of(module_of(file)))
    wrong = [name for name in imported(file) if ROOMS.index(room_of(name)) > place]
    assert wrong == []


def test_only_the_end_of_a_run_and_those_who_compare_runs_use_the_report() -> None:
    users = [
        file.relative_to(ROOT).as_posix()
        for file in FILES
        if file.is_relative_to(ROOT / "harness")
        and any(name.split(".")[0] == "report" for name in imported(file))
    ]
    assert users == [
        "harness/commands/cli.py",
        "harness/commands/compare.py",
        "harness/commands/notebook.py",
        "harness/commands/selfcheck/checks.py",
        "harness/commands/trusted.py",
        "harness/commands/verify.py",
        "harness/run/figures.py",
        "harness/run/pages.py",
        "harness/run/publishing.py",
        "harness/run/terminal.py",
    ]


def test_few_modules_lie_outside_of_the_rooms() -> None:
    flat = [file.name for file in (ROOT / "harness").glob("*.py") if file.name != "__init__.py"]
    assert len(flat) <= FLAT_MODULES


def test_every_room_is_there_and_says_what_it_holds() -> None:
    for room in ROOMS:
        place = ROOT / Path(*room.split("."))
        file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))), room


def test_the_check_sees_a_wrong_import(tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text(
        "from harness.engines import get\nfrom harness.plan.sql import parse\nimport report\n"
    )
    found = list(imported(file))
    assert found == ["harness.engines", "harness.plan.sql.parse", "report"]
    assert [room_of(name) for name in found] == ["harness.engines", "harness.plan.sql", "report"]
    assert room_of("harness.plan.sql.parse") == "harness.plan.sql"
    with pytest.raises(ValueError, match=r"harness\.another is in no room"):
        room_of("harness.another")


def test_contributing_lists_the_folders_in_this_order() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `((?:harness|report)/\w*/?)` \|", text, re.MULTILINE)
    below = [room for room in (*RECORDS, *HARNESS) if room.count(".") == 1]
    folders = [room for room in below if (ROOT / _path(room)).is_dir()]
    assert rows == ["harness/", *(f"{_path(room)}/" for room in folders), "report/"]
    assert all(f"`{name}/`" in text for name in _below("report") + _below("harness.plan"))


def _path(room: str) -> str:
    return room.replace(".", "/")


def _below(room: str) -> list[str]:
    """Returns the names of the folders that are rooms directly below a room."""
    depth = room.count(".") + 1
    found = [name for name in ROOMS if name.startswith(f"{room}.") and name.count(".") == depth]
    return [name.rpartition(".")[2] for name in found if (ROOT / _path(name)).is_dir()]
