"""The command ``harness report [RESULTS…] [-o PATH] [--format png,svg]``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer

from report.errors import ReportError, harmless
from report.look.theme import Theme
from report.page.output import Format, build, draw
from report.read.sources import find

RESULTS = Path("results")
PAGE, PICTURES = RESULTS / "index.html", RESULTS / "pictures"


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    results: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Results files, or folders of them.",
            show_default="all results/*/*.json",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "--out",
            "-o",
            help="Where to write: the page's file, or the pictures' folder.",
            show_default=f"{PAGE}, or {PICTURES}",
        ),
    ] = None,
    title: Annotated[
        str, typer.Option(help="The heading.", show_default="the workloads' titles")
    ] = "",
    format: Annotated[
        str, typer.Option(help="html for the page; png, svg or png,svg for pictures.")
    ] = "html",
    theme: Annotated[Theme, typer.Option(help="Of pictures; the page has both.")] = "light",
) -> None:
    """Draws results files into one HTML page that needs no network, or into pictures.

    A file that cannot be used is left out, with a note, while another can.
    Exit codes: 2 nothing to read, 3 a malformed file, 4 a file of an unknown format version,
    5 a package that only pictures need is missing.
    """
    try:
        paths = find(results or sorted(RESULTS.glob("*/*.json")) or [RESULTS])
        if format == "html":
            typer.echo(build(paths, output or PAGE, title, tell=_note))
        else:
            folder = output or PICTURES
            drawn = draw(paths, folder, _forms(format), theme, title, tell=_note)
            typer.echo(f"{len(drawn)} pictures in {folder}")
    except ReportError as error:
        typer.echo(f"report: {error}", err=True)
        raise typer.Exit(error.exit_code) from None


def _forms(text: str) -> list[Format]:
    forms = [form for form in get_args(Format) if form in text.split(",")]
    if len(forms) != len(text.split(",")):
        raise typer.BadParameter(
            f"{text!r} is not html, png, svg or png,svg", param_hint="--format"
        )
    return forms


def _note(text: str) -> None:
    typer.echo(f"report: {harmless(text)}", err=True)


if __name__ == "__main__":
    app()
