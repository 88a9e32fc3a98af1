"""Draws the page from a run's records so far: several times during the run, and at its end."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from harness.run.budget import Budget

FIRST_SECONDS = 60.0
"""The page is first drawn after so many seconds, or after a third of a shorter budget."""
DRAWING_SHARE = 0.05
"""The part of a run's time that may be spent on drawing."""
PAUSE = 10.0
"""The fewest seconds between two pages."""


BY_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z(-\d+)?")
"""The name of a run's results file: the moment at which it began."""


class Pages:
    """Draws the report's page of a folder of results, with a run in progress from its journal."""

    def __init__(self, folder: Path, budget: Budget) -> None:
        self.folder, self.index, self._budget = folder, folder / "index.html", budget
        self._next = min(FIRST_SECONDS, budget.seconds / 3)
        self.drawn = False

    @property
    def is_due(self) -> bool:
        """True if it is time to draw the page again; call it only while no engine runs.

        It is time when the pause that `refresh` set is over, unless the budget is used up. The
        pause is such that drawing takes at most a small share of the run.
        """
        return self._budget.used >= self._next and self._budget.left > 0

    def refresh(self, journal: Path, warn: Callable[[str], None]) -> None:
        """Draws the page with a run in progress, and decides when to draw it next.

        The first time takes longer: modules are imported, and what all pages share is made. If the
        page cannot be drawn, ``warn`` is called with the reason.
        """
        import report  # a second of imports, which collection and usage errors are spared

        began = self._budget.used
        try:
            self.draw(journal, lambda _: None)
        except (report.ReportError, OSError) as error:
            warn(f"the page {self.index} cannot be drawn: {error}")
        took = self._budget.used - began
        pause = max(PAUSE, took / DRAWING_SHARE if self.drawn else 0.0)
        self._next = self._budget.used + pause
        self.drawn = True

    def draw(self, newest: Path, tell: Callable[[str], None]) -> Path:
        """Draws the page of the folder's results and of ``newest``, a journal or results file.

        Returns the page's path. Raises ReportError or OSError; the earlier page then stays.
        """
        import report

        files = sorted({*self.folder.glob("*/*.json"), newest})
        return report.build(files, self.index, tell=tell)

    def later(self, results: Path) -> Path | None:
        """Returns the machine's results file whose run began after that of ``results``, or None.

        It is the latest one. The page takes it for the newest, also if the clock was set back.
        """
        files = [file for file in results.parent.glob("*.json") if BY_TIME.fullmatch(file.stem)]
        return max((file for file in files if file.stem > results.stem), default=None)
