"""Paths of results files -> the report's file, written at once or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from report.frame import load
from report.page import TITLE, render


def build(
    paths: Sequence[Path],
    output: Path,
    title: str = TITLE,
    tell: Callable[[str], None] = lambda _: None,
) -> Path:
    """Builds the page from results files and returns where it was written.

    Each file that was left out is told of in one line. Raises a ReportError, and leaves ``output``
    as it was, where no file can be used.
    """
    results = load(paths)
    for unread in results.unread:
        tell(f"left out {unread.path}: {unread.reason}")
    page = render(results, title)
    output.parent.mkdir(parents=True, exist_ok=True)
    _write(page, output)
    return output


def _write(text: str, output: Path) -> None:
    """Writes beside the file, then takes its place, so that a reader never sees half a page."""
    handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(output)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
