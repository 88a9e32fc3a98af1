"""The modules of static/ -> one script; and that script at work without a browser, for pictures."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any

from report.errors import MissingPackage
from report.page.blocks import TYPES, Numbers

IMPORT = re.compile(r'^import (?:\{[^}]*\} from )?"\./(\w+)\.js";\n', re.M)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|let)\b)", re.M)


@cache
def bundle(entry: str) -> str:
    """A module of static/ with all that it imports, each before those that need it, as one script.

    What a module exports is then a name of the whole script, so that no two may have the same name
    at their top level, and modules must not import each other in a circle.
    """
    found: dict[str, str] = {}
    _collect(entry, found)
    return '"use strict";\n' + "\n".join(found.values())


def _collect(name: str, found: dict[str, str]) -> None:
    """Puts a module's text behind those of its imports, unless it is there already."""
    text = static(f"{name}.js")
    for imported in IMPORT.findall(text):
        if imported not in found:
            _collect(imported, found)
    found[name] = EXPORT.sub("", IMPORT.sub("", text))


def static(name: str) -> str:
    """The text of a file of static/."""
    return files("report").joinpath("static", name).read_text(encoding="utf-8")


class PageScript:
    """The page's script in QuickJS, a small engine that has no access to anything outside."""

    def __init__(self, outline: Mapping[str, Any], numbers: Mapping[str, Numbers]) -> None:
        """Raises MissingPackage where QuickJS is not installed."""
        try:
            quickjs = import_module("quickjs")
        except ImportError:
            raise MissingPackage(
                "pictures need QuickJS: pip install 'enginebench[pictures]'"
            ) from None
        self._context = quickjs.Context()
        self._context.eval(bundle("pictures"))
        self._context.eval(f"install({json.dumps(outline)}, {_literal(numbers)})")

    def call(self, function: str, *arguments: Any) -> Any:
        """What a function of the script returns, as JSON has it."""
        listed = ", ".join(json.dumps(each) for each in arguments)
        return json.loads(self._context.eval(f"JSON.stringify({function}({listed}))"))


def _literal(numbers: Mapping[str, Numbers]) -> str:
    """The blocks of numbers in JavaScript: `json.dumps` writes NaN as that language does."""
    return "{" + ", ".join(f"{name}: {_columns(own)}" for name, own in numbers.items()) + "}"


def _columns(columns: Numbers) -> str:
    each = (
        f"{json.dumps(name)}: new {TYPES[str(column.dtype)]}({json.dumps(column.tolist())})"
        for name, column in columns.items()
    )
    return "{" + ", ".join(each) + "}"
