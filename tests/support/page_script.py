"""Results files -> the page's script at work on them, without a browser."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from report.compare.comparison import compare
from report.page.page import payload_of
from report.page.scripts import PageScript
from report.page.view import View
from report.read.frame import load
from tests.support.results_factory import Document, write

Rows = list[dict[str, Any]]


class Script:
    """The script, and what tests ask of it; ``choices`` are fields of its state."""

    def __init__(self, paths: Iterable[Path]) -> None:
        results = load(list(paths))
        payload = payload_of(View(results, compare(results)))
        self.tasks = compare(results).tasks
        self._script = PageScript(payload.outline(), payload.numbers())

    def call(self, function: str, *arguments: Any) -> Any:
        return self._script.call(function, *arguments)

    def rows(self, chart: str, of: int = 0, **choices: Any) -> Rows:
        """The rows of a chart."""
        return list(self.call("pictureRows", chart, of, choices))

    def view(self, expression: str, **choices: Any) -> Any:
        """What an expression of ``view`` is, for some choices."""
        return self.call(f"(own => (view => {expression})(pictureView(own)))", choices)


def script_of(folder: Path, *documents: Document) -> Script:
    return Script(write(folder / f"{at}.json", each) for at, each in enumerate(documents))
