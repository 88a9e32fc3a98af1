"""enginebench: one SQL text becomes every engine's own program, run, checked and timed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from types import ModuleType
from typing import Any

__version__ = "0.1.0"
__all__ = ["benchmark", "compare_functions"]


def __getattr__(name: str) -> Any:
    """Returns ``harness.benchmark`` or another function for notebooks, imported at its first use.

    Workers of engines import this package too, and need none of these functions.
    """
    if name not in __all__:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    return getattr(importlib.import_module("harness.commands.notebook"), name)


class FromSource(MetaPathFinder):
    """Finds a package's modules as Python source, also where compiled ones stand beside it."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] != self.package:
            return None
        loader = (SourceFileLoader, SOURCE_SUFFIXES)
        found = (FileFinder(each, loader).find_spec(fullname) for each in path or sys.path)
        return next((spec for spec in found if spec is not None), None)


if not {"pytest", "sqlglot"} & sys.modules.keys():  # others may use it there as it is installed
    # Compiled (sqlglot[c]), it allows no dialects that derive from its own.
    sys.meta_path.insert(0, FromSource("sqlglot"))
