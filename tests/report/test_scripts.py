"""The page's scripts: modules that TypeScript checks, and that are bundled into one script."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from report.page.scripts import IMPORT, bundle, static
from tests.places import ROOT

STATIC = ROOT / "report" / "static"
MODULES = sorted(path.stem for path in STATIC.glob("*.js"))
NAME = re.compile(r"^(?:async )?(?:function|const|let) (\w+)", re.M)
TSC = os.environ.get("TSC") or shutil.which("tsc")
needs_typescript = pytest.mark.skipif(
    TSC is None, reason="no tsc on the PATH, nor in TSC: npm install -g typescript"
)


@pytest.mark.parametrize("entry", ["page", "pictures"])
def test_a_bundle_has_every_name_once_and_no_statement_of_modules(entry: str) -> None:
    text = bundle(entry)
    assert not re.search(r"^(import|export)\b", text, re.M)
    assert [name for name, count in Counter(NAME.findall(text)).items() if count > 1] == []


def test_no_module_imports_one_that_imports_it_and_each_is_in_a_bundle() -> None:
    imports = {name: IMPORT.findall(static(f"{name}.js")) for name in MODULES}
    assert {*needed("page", imports), *needed("pictures", imports)} == set(MODULES)


def needed(name: str, imports: dict[str, list[str]], path: tuple[str, ...] = ()) -> set[str]:
    """Returns a module and all that it imports; fails if the imports form a circle."""
    assert name not in path, f"{' -> '.join((*path, name))} is a circle"
    return {name}.union(*(needed(each, imports, (*path, name)) for each in imports[name]))


def checked(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(TSC), "-p", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@needs_typescript
def test_typescript_finds_no_fault_in_the_modules() -> None:
    found = checked(STATIC)
    assert (found.stdout, found.returncode) == ("", 0)


@needs_typescript
def test_typescript_sees_a_fault(tmp_path: Path) -> None:
    shutil.copytree(STATIC, tmp_path, dirs_exist_ok=True)
    with (tmp_path / "model.js").open("a") as file:
        file.write("\nbestOf('q1', null);\n")
    assert "is not assignable to parameter of type 'number'" in checked(tmp_path).stdout
