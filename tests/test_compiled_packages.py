"""A package is imported from its source, though compiled modules lie beside it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import sqlglot

PROGRAM = """
from harness.plan import compile_query
from harness.types import Column, Type
schemas = {"t": (Column("a", Type.INT64, False),)}
print(compile_query("select a from t", schemas).plan.names)
"""


def compiled(folder: Path, *modules: str) -> None:
    """Writes modules of a package, and beside each a file that looks compiled and is damaged."""
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    for name in modules:
        (folder / f"{name}.py").write_text(f"where = {name!r}\n")
        (folder / f"{name}{EXTENSION_SUFFIXES[0]}").write_bytes(b"no library")


def run(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=folder, timeout=60
    )


def test_source_comes_before_what_is_compiled(tmp_path: Path) -> None:
    compiled(tmp_path / "package", "module")
    program = "from package import module; print(module.where)"
    assert "ImportError" in run(tmp_path, program).stderr
    finder = "import sys, harness; sys.meta_path.insert(0, harness.FromSource('package'))"
    assert run(tmp_path, f"{finder}\n{program}").stdout == "module\n"


def test_a_compiled_sqlglot_does_no_harm(tmp_path: Path) -> None:
    copy = tmp_path / "sqlglot"
    shutil.copytree(Path(sqlglot.__file__).parent, copy, ignore=shutil.ignore_patterns("*.pyc"))
    (copy / f"parser{EXTENSION_SUFFIXES[0]}").write_bytes(b"no library")
    assert "ImportError" in run(tmp_path, "import sqlglot").stderr
    assert run(tmp_path, PROGRAM).stdout == "('a',)\n"
