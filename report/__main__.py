"""The command line: `python -m report [RESULTS…] [-o FILE] [--title TEXT]`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from report.errors import MissingResults, ReportError
from report.output import build
from report.page import TITLE

RESULTS = Path("results")


def main(
    results: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Results files, or folders of them.",
            show_default="all results/*/*.json",
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where to write the page.")
    ] = RESULTS / "index.html",
    title: Annotated[str, typer.Option(help="The page's heading.")] = TITLE,
) -> None:
    """Draws results files into one HTML page that needs no network.

    Exit codes: 2 nothing to read, 3 a malformed file, 4 a file of an unknown format version.
    """
    try:
        typer.echo(build(find(results or [RESULTS]), output, title))
    except ReportError as error:
        typer.echo(f"report: {error}", err=True)
        raise typer.Exit(error.exit_code) from None


def find(paths: Iterable[Path]) -> list[Path]:
    """The files among the paths, and the *.json up to one folder deep in the folders among them."""
    found: list[Path] = []
    for path in paths:
        found += sorted([*path.glob("*.json"), *path.glob("*/*.json")]) if path.is_dir() else [path]
    if not found:
        raise MissingResults(
            f"no results files in {', '.join(map(str, paths))}: run 'pytest --benchmark' first"
        )
    return found


if __name__ == "__main__":
    typer.run(main)
