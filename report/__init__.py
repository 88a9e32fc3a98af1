"""Results files -> one offline HTML page. It uses nothing else of the project."""

from __future__ import annotations

from report.errors import MalformedResults, MissingResults, ReportError, UnknownVersion
from report.output import build
from report.ranking import Ranked, ranking

__all__ = [
    "MalformedResults",
    "MissingResults",
    "Ranked",
    "ReportError",
    "UnknownVersion",
    "build",
    "ranking",
]
