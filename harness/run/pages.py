"""A run's records so far -> the page, drawn anew while the run goes on and at its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.run.budget import Budget

FIRST_SECONDS = 60.0
"""The seconds of measuring after which the page is drawn first, or a third of a shorter budget."""
DRAWING_SHARE = 0.05
"""The part of a run's time that drawing may take."""
PAUSE = 10.0
"""The fewest seconds between two pages."""


class Pages:
    """Draws the page of a folder of results. The run that goes on is drawn from its journal."""

    def __init__(self, folder: Path, budget: Budget) -> None:
        self.folder, self.index, self._budget = folder, folder / "index.html", budget
        self._next = min(FIRST_SECONDS, budget.seconds / 3)
        self.drawn = False

    @property
    def is_due(self) -> bool:
        """Whether the page is to be drawn now; no engine may be at work."""
        return self._budget.used >= self._next and self._budget.left > 0

    def refresh(self, journal: Path, warn: Callable[[str], None]) -> None:
        """Draws the page of a run that goes on, and decides when it is drawn next.

        The first time takes longer: modules are imported, and what all pages share is made.
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
        """Draws all results of the folder and the newest file, a journal or one of them.

        Raises ReportError, or OSError, and leaves the page that is there.
        """
        import report

        files = sorted({*self.folder.glob("*/*.json"), newest})
        return report.build(files, self.index, tell=tell)
