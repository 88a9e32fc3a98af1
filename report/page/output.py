"""Paths of results files -> the report's page or pictures, each written whole or not at all."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeVar

from harness.records.whole import write_whole
from report.errors import MalformedResults, MissingPackage
from report.look.theme import Theme
from report.page.page import render
from report.read.frame import Results, merge
from report.read.schema import one_line
from report.read.sources import RunFile, Sources, Unread, read_all

Drawn = TypeVar("Drawn")
Format = Literal["png", "svg"]


def build(
    paths: Sequence[Path],
    output: Path,
    title: str = "",
    tell: Callable[[str], None] = lambda _: None,
) -> Path:
    """Builds the page from results files, and returns the path that it was written to.

    Calls ``tell`` with one line for each file that was left out. Raises a ReportError, and leaves
    ``output`` unchanged, if no file can be used.
    """
    with _without_collector():
        page = _drawn(paths, tell, lambda results: render(results, title, _readme(output)))
    output.parent.mkdir(parents=True, exist_ok=True)
    write_whole(output, page.encode())
    return output


def draw(
    paths: Sequence[Path],
    folder: Path,
    forms: Sequence[Format],
    theme: Theme = "light",
    title: str = "",
    tell: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Draws the summary and each chart as pictures in the folder, and returns the pictures' paths.

    Other files in the folder stay. Calls ``tell`` with one line for each results file that was left
    out. Raises a ReportError if none can be used.
    """
    from report.page.pictures import Album  # Altair's import takes a second: the page has none

    def pictures(results: Results) -> dict[str, bytes]:
        return {
            f"{picture.name}.{form}": picture.content(form)
            for picture in Album(results, theme, title).pictures()
            for form in forms
        }

    contents = _drawn(paths, tell, pictures)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        write_whole(folder / name, content)
    return [folder / name for name in contents]


def _readme(output: Path) -> str | None:
    """Returns the relative URL of this project's README.md; None for a page outside the project."""
    folder = output.absolute().parent
    for above in folder.parents:
        readme = above / "README.md"
        if readme.is_file() and readme.read_text(encoding="utf-8").startswith("# enginebench\n"):
            return Path(os.path.relpath(readme, folder)).as_posix()
    return None


@contextmanager
def _without_collector() -> Iterator[None]:
    """Returns a context in which Python's garbage collector is switched off.

    A page of many cells makes millions of small objects without cycles, which live to the end. The
    collector would visit all of them again and again, for a third of the whole time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _drawn(
    paths: Sequence[Path], tell: Callable[[str], None], draw: Callable[[Results], Drawn]
) -> Drawn:
    """Returns what ``draw`` makes of all usable files; calls ``tell`` for each file left out.

    A file that passes validation may still make drawing fail. It is then left out, so that the
    other files are drawn.
    """
    sources = read_all(paths)
    while True:
        try:
            drawn = draw(merge(sources))
        except MissingPackage:
            raise
        except Exception as error:
            sources = _without_the_cause(sources, draw, error)
        else:
            break
    for unread in sources.unread:
        tell(f"left out {unread.path}: {unread.reason}")
    return drawn


def _without_the_cause(
    sources: Sources, draw: Callable[[Results], Drawn], error: Exception
) -> Sources:
    """Returns the sources without the runs for which drawing fails even alone.

    If there are none, the oldest run is left out. Raises MalformedResults if no run remains.
    """
    first, *others = sources.runs
    found = {run.path: _fault(run, draw) for run in sources.runs} if others else {}
    faults = {path: fault for path, fault in found.items() if fault is not None}
    faults = faults or {sources.runs[-1].path: error}
    left = tuple(run for run in sources.runs if run.path not in faults)
    if not left:
        raise MalformedResults(f"{first.path}: cannot be drawn ({one_line(error)})") from error
    notes = [Unread(path, f"cannot be drawn ({one_line(e)})") for path, e in faults.items()]
    return Sources(left, (*sources.unread, *notes))


def _fault(run: RunFile, draw: Callable[[Results], Drawn]) -> Exception | None:
    try:
        draw(merge(Sources((run,))))
    except Exception as error:
        return error
    return None
