"""Paths of results files -> the report's page or pictures, each written whole or not at all."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from report.frame import Results, load
from report.page import TITLE, render
from report.pictures import Album, Format
from report.theme import Theme


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
    with _without_collector():
        page = render(_loaded(paths, tell), title, _readme(output))
    output.parent.mkdir(parents=True, exist_ok=True)
    _write(page.encode(), output)
    return output


def draw(
    paths: Sequence[Path],
    folder: Path,
    forms: Sequence[Format],
    theme: Theme = "light",
    title: str = TITLE,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Draws the summary and each chart into the folder, and returns the pictures' files.

    Files in it that are no such pictures are left alone. Raises a ReportError like `build`.
    """
    results = _loaded(paths, tell)
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for picture in Album(results, theme, title).pictures():
        for form in forms:
            drawn.append(folder / f"{picture.name}.{form}")
            _write(picture.content(form), drawn[-1])
    return drawn


def _readme(output: Path) -> str | None:
    """Where this project's README.md lies, seen from the page; None for a page outside of it."""
    folder = output.absolute().parent
    for above in folder.parents:
        readme = above / "README.md"
        if readme.is_file() and readme.read_text(encoding="utf-8").startswith("# enginebench\n"):
            return Path(os.path.relpath(readme, folder)).as_posix()
    return None


@contextmanager
def _without_collector() -> Iterator[None]:
    """Millions of small values are made here that live to the end, and hold no cycles.

    The collector would go through all of them again and again: a third of the whole time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _loaded(paths: Sequence[Path], tell: Callable[[str], None]) -> Results:
    results = load(paths)
    for unread in results.unread:
        tell(f"left out {unread.path}: {unread.reason}")
    return results


def _write(content: bytes, output: Path) -> None:
    """Writes beside the file, then takes its place, so that a reader never sees half a file."""
    handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(output)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
