"""The command line: `python -m report [RESULTS…] [-o FILE] [--title TEXT]`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from report.errors import ReportError
from report.output import build
from report.page import TITLE
from report.sources import find

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

    A file that cannot be used is left out, with a note, while another can.
    Exit codes: 2 nothing to read, 3 a malformed file, 4 a file of an unknown format version.
    """
    try:
        typer.echo(build(find(results or [RESULTS]), output, title, tell=_note))
    except ReportError as error:
        typer.echo(f"report: {error}", err=True)
        raise typer.Exit(error.exit_code) from None


def _note(text: str) -> None:
    typer.echo(f"report: {text}", err=True)


if __name__ == "__main__":
    typer.run(main)
