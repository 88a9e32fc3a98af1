"""Vega, and the specifications of the page's charts: what is the same on every page.

Bundling Vega takes five seconds and checking the charts two, so both are kept in a file: in the
folder ``page`` of ``ENGINEBENCH_CACHE`` or of the user's cache. The file's name has a hash of all
that its content follows from. Its script runs in the reader's browser; so it is read only where
nobody but the user can have written it, and where its content has the hash that it begins with.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import platformdirs


@dataclass(frozen=True)
class DrawnChart:
    """A chart of the page: see `report.charts.registry.Chart`; ``spec`` is in Vega-Lite."""

    title: str
    note: str
    needs: str
    spec: dict[str, Any]


@dataclass(frozen=True)
class Library:
    """``vega`` is a script that defines `vegaEmbed`; ``charts`` has all charts by name."""

    vega: str
    charts: dict[str, DrawnChart]

    def overview(self) -> dict[str, DrawnChart]:
        """The charts over all queries in view, in the page's order."""
        return {name: chart for name, chart in self.charts.items() if chart.title}


@cache
def library() -> Library:
    """The library from its file, or made anew and kept there; a cache that fails is no error."""
    path = _folder() / f"{_identity()}.json"
    text = None
    with suppress(OSError, UnicodeDecodeError):
        text = _trusted(path)
    if text is None:
        text = json.dumps(asdict(_made()))
        with suppress(OSError):
            _keep(text, path)
    found = json.loads(text)
    charts = {name: DrawnChart(**chart) for name, chart in found["charts"].items()}
    return Library(found["vega"], charts)


def _made() -> Library:
    """The library as the installed packages make it; their import takes a second, too."""
    import altair as alt
    import vl_convert

    from report.charts.registry import CHARTS

    schema = ".".join(alt.SCHEMA_VERSION.split(".")[:2])
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=schema)
    charts = {
        name: DrawnChart(chart.title, chart.note, chart.needs, chart.draw().to_dict())
        for name, chart in CHARTS.items()
    }
    return Library(bundle, charts)


def _identity() -> str:
    """A hash of the packages' versions and of the charts' own source."""
    found = hashlib.sha256()
    for package in ("altair", "vl-convert-python"):
        found.update(f"{package} {version(package)}\n".encode())
    charts = [each for each in files("report.charts").iterdir() if each.name.endswith(".py")]
    for source in (*sorted(charts, key=lambda each: each.name), Path(__file__)):
        found.update(source.read_bytes())
    return found.hexdigest()[:32]


def _folder() -> Path:
    chosen = os.environ.get("ENGINEBENCH_CACHE")
    root = Path(chosen) if chosen else Path(platformdirs.user_cache_dir("enginebench"))
    return root / "page"


def _trusted(path: Path) -> str | None:
    """The file's text behind the hash in its first line; None where either cannot be trusted."""
    with path.open(encoding="utf-8") as file:
        if not (_is_own(os.fstat(file.fileno())) and _is_own(path.parent.stat())):
            return None
        first, _, text = file.read().partition("\n")
    return text if first == hashlib.sha256(text.encode()).hexdigest() else None


def _is_own(found: os.stat_result) -> bool:
    """Whether a file or folder is the user's, and no other user may write to it."""
    others = stat.S_IWGRP | stat.S_IWOTH
    return found.st_uid == os.getuid() and not found.st_mode & others


def _keep(text: str, path: Path) -> None:
    """Writes the file beside its place, then moves it there, so that nobody reads half of it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}")
    Path(name).replace(path)
