"""Results files -> one offline HTML page. It uses nothing else of the project."""

from __future__ import annotations

from report.errors import MalformedResults, MissingResults, ReportError, UnknownVersion
from report.page.output import build
from report.words.ranking import Ranked, ranking
from report.words.verdicts import WorkVerdict, verdicts

__all__ = [
    "MalformedResults",
    "MissingResults",
    "Ranked",
    "ReportError",
    "UnknownVersion",
    "WorkVerdict",
    "build",
    "ranking",
    "verdicts",
]
