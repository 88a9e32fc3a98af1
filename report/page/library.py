"""Vega and the specifications of the charts, which are the same on every page, from a cache.

Bundling Vega takes five seconds and validating the charts takes two. The result is cached in a file
in the folder ``page`` of ``ENGINEBENCH_CACHE``, or of the user's cache folder. The file's name is a
hash of the packages' versions and of the charts' source. Its script will run in a browser, so the
file is read only if no other user can have written it, and if its content has the hash that stands
in its first line.
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
    """A chart of the page, as `report.charts.registry.Chart`, with its Vega-Lite specification."""

    title: str
    note: str
    needs: str
    spec: dict[str, Any]


@dataclass(frozen=True)
class Library:
    """What all pages share: a script that defines `vegaEmbed`, and all charts by name."""

    vega: str
    charts: dict[str, DrawnChart]

    def overview(self) -> dict[str, DrawnChart]:
        """Returns, by name, the charts over all queries in view, in the page's order."""
        return {name: chart for name, chart in self.charts.items() if chart.title}


@cache
def library() -> Library:
    """Returns the `Library` from the cache, or makes one and caches it.

    A cache that cannot be read or written is no error.
    """
    path = folder() / f"{_identity()}.json"
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
    """Makes a `Library`; only this function imports Altair, because the import takes a second."""
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
    """Returns a hash of the packages' versions and of the charts' source."""
    found = hashlib.sha256()
    for package in ("altair", "vl-convert-python"):
        found.update(f"{package} {version(package)}\n".encode())
    charts = [each for each in files("report.charts").iterdir() if each.name.endswith(".py")]
    for source in (*sorted(charts, key=lambda each: each.name), Path(__file__)):
        found.update(source.read_bytes())
    return found.hexdigest()[:32]


def folder() -> Path:
    """Returns the folder of the cached libraries."""
    chosen = os.environ.get("ENGINEBENCH_CACHE")
    root = Path(chosen) if chosen else Path(platformdirs.user_cache_dir("enginebench"))
    return root / "page"


def _trusted(path: Path) -> str | None:
    """Returns the text of a cached library without the first line; None if it cannot be trusted."""
    with path.open(encoding="utf-8") as file:
        if not (_is_own(os.fstat(file.fileno())) and _is_own(path.parent.stat())):
            return None
        first, _, text = file.read().partition("\n")
    return text if first == hashlib.sha256(text.encode()).hexdigest() else None


def _is_own(found: os.stat_result) -> bool:
    """Returns whether this user owns a file or folder, and no other user may write to it."""
    others = stat.S_IWGRP | stat.S_IWOTH
    return found.st_uid == os.getuid() and not found.st_mode & others


def _keep(text: str, path: Path) -> None:
    """Writes a text to a file, by renaming a temporary file: no process reads half of it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}")
    Path(name).replace(path)
