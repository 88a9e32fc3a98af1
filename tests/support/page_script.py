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
    """The page's script with the data of results files, run without a browser.

    ``choices`` of its methods are fields of the script's state: what a reader would have chosen.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        results = load(list(paths))
        payload = payload_of(View(results, compare(results)))
        self.tasks = compare(results).tasks
        self._script = PageScript(payload.outline(), payload.numbers())

    def call(self, function: str, *arguments: Any) -> Any:
        return self._script.call(function, *arguments)

    def rows(self, chart: str, of: int = 0, **choices: Any) -> Rows:
        """Returns the rows that the script makes for a chart, which is named as in the registry.

        ``of`` is the index of the setting or task that the chart shows.
        """
        return list(self.call("pictureRows", chart, of, choices))

    def view(self, expression: str, **choices: Any) -> Any:
        """Returns the value of a JavaScript expression; ``view`` in it is what the choices show."""
        return self.call(f"(own => (view => {expression})(pictureView(own)))", choices)


def script_of(folder: Path, *documents: Document) -> Script:
    return Script(write(folder / f"{at}.json", each) for at, each in enumerate(documents))
