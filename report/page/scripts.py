"""The JavaScript modules of static/ -> one script, which also runs here, for pictures and tests."""

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
    """Returns a module of static/ and all that it imports as one script, imported modules first.

    All modules then share one scope: two of them must not define the same name at the top level,
    and imports must not form a circle. tests/report/test_scripts.py checks both.
    """
    found: dict[str, str] = {}
    _collect(entry, found)
    return '"use strict";\n' + "\n".join(found.values())


def _collect(name: str, found: dict[str, str]) -> None:
    """Appends the module's text to ``found``, after the modules that it imports."""
    text = static(f"{name}.js")
    for imported in IMPORT.findall(text):
        if imported not in found:
            _collect(imported, found)
    found[name] = EXPORT.sub("", IMPORT.sub("", text))


def static(name: str) -> str:
    """Returns the text of a file of static/."""
    return files("report").joinpath("static", name).read_text(encoding="utf-8")


class PageScript:
    """The page's script and data in QuickJS, which runs JavaScript without files or network."""

    def __init__(self, outline: Mapping[str, Any], numbers: Mapping[str, Numbers]) -> None:
        """Loads the script and the page's data, as `Payload` makes its outline and its numbers.

        Raises MissingPackage if QuickJS is not installed.
        """
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
        """Calls a function of the script with arguments as JSON, and returns its result."""
        listed = ", ".join(json.dumps(each) for each in arguments)
        return json.loads(self._context.eval(f"JSON.stringify({function}({listed}))"))


def _literal(numbers: Mapping[str, Numbers]) -> str:
    """Returns the text of a JavaScript object that holds arrays of numbers; NaN is allowed in it.

    ``numbers`` maps the name of each block of the page's data to the block's arrays, by name.
    """
    return "{" + ", ".join(f"{name}: {_columns(own)}" for name, own in numbers.items()) + "}"


def _columns(columns: Numbers) -> str:
    each = (
        f"{json.dumps(name)}: new {TYPES[str(column.dtype)]}({json.dumps(column.tolist())})"
        for name, column in columns.items()
    )
    return "{" + ", ".join(each) + "}"
