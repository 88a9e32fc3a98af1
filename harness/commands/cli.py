"""The command ``harness``: programs, plans, this machine's engines, comparisons of runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.syntax import Syntax
from typer.core import TyperGroup

from harness import engines
from harness.commands import gpucheck
from harness.commands.capabilities import REFEREE, as_list, as_markdown, as_tables, matrix
from harness.commands.compare import compare
from harness.commands.doctor import examination
from harness.commands.new import new
from harness.commands.selfcheck.command import selfcheck
from harness.commands.startup import startups
from harness.commands.verify import verify
from harness.data.cache import Cache
from harness.data.prepare import schemas as table_schemas
from harness.engines.base import Engine
from harness.engines.session import Program
from harness.errors import HarnessError, Unsupported
from harness.run.own_report import find_report
from harness.tables import Input
from harness.words import visible
from harness.workload.compiler import Compiler, Schemas, engines_of
from harness.workload.file import Query, Workload, load
from harness.workload.reader import Reader


class _OneLineErrors(TyperGroup):
    """A group of commands that prints a HarnessError in one line, and exits with code 2."""

    def invoke(self, ctx: Any) -> Any:
        try:
            find_report()
            return super().invoke(ctx)
        except HarnessError as error:
            typer.echo(f"harness: {error}", err=True)
            raise typer.Exit(2) from None


app = typer.Typer(
    name="harness",
    help="Around `pytest --benchmark`: programs, plans, what this machine can run, runs compared.",
    cls=_OneLineErrors,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Target = Annotated[
    str,
    typer.Argument(
        metavar="FILE[::QUERY]",
        help="A workload file, and one of its queries: workloads/tpch.yaml::q03",
        show_default=False,
    ),
]
Size = Annotated[
    str | None,
    typer.Option(help="Size of generated data. Default: the file's first.", show_default=False),
]


@app.command()
def show(
    target: Target,
    engine: Annotated[
        str | None,
        typer.Option(help="The engine whose program to print. Default: all.", show_default=False),
    ] = None,
    input: Annotated[
        Input | None,
        typer.Option(
            help="Where the program starts from. Default: what the file says.", show_default=False
        ),
    ] = None,
    size: Size = None,
) -> None:
    """Print the program that an engine runs for a query; without a query, list the queries.

    Example: harness show workloads/tpch.yaml::q03 --engine polars > q3.py
    """
    workload, query = _workload_and_query(target)
    if query is None:
        _list(workload)
        return
    schemas = _schemas(workload, size)
    chosen = [*engines_of(query, [engine] if engine else engines.names())]
    source = input or workload.inputs[0]
    with Reader() as reader:
        compiler = Compiler(workload, reader)
        for number, (name, own) in enumerate(chosen):
            if len(chosen) > 1:
                typer.echo("\n" * (number > 0) + _heading(engines.get(name)))
            try:
                _print(compiler.program(query, schemas, name, source, own))
            except Unsupported as error:
                if len(chosen) == 1:
                    raise
                typer.echo(f"# unsupported: {visible(str(error))}")


@app.command()
def plan(
    target: Target,
    size: Size = None,
    steps: Annotated[
        bool,
        typer.Option("--steps", help="Print what each step of the compilation makes of it, too."),
    ] = False,
    as_written: Annotated[
        bool,
        typer.Option("--as-written", help="Print the plan of engines that run queries as written."),
    ] = False,
) -> None:
    """Print a query's plan: its nodes, and the columns of each with type and nullability.

    Example: harness plan workloads/tpch.yaml::q03
    """
    workload, query = _workload_and_query(target)
    if query is None:
        _list(workload)
        return
    schemas: Schemas = _schemas(workload, size)
    with Reader() as reader:
        compiler = Compiler(workload, reader)
        planned = compiler.query(query, schemas)
        if steps or as_written:
            texts = compiler.steps(query, schemas, written=as_written)
            _print_steps(texts) if steps else typer.echo(visible(texts[-1][1]))
            return
    if planned.typed_plan is None:
        raise Unsupported(planned.unsupported)
    typer.echo(visible(planned.typed_plan))


@app.command()
def doctor(
    functions: Annotated[
        bool,
        typer.Option(
            "--functions", help="Print which functions and constructs of SQL each engine does."
        ),
    ] = False,
    engine: Annotated[
        str | None,
        typer.Option(
            help="With --functions: list what this engine does not do, with the reasons. With "
            "--startup: this engine only.",
            show_default=False,
        ),
    ] = None,
    markdown: Annotated[
        bool,
        typer.Option("--markdown", help="With --functions: print it all as Markdown."),
    ] = False,
    startup: Annotated[
        bool,
        typer.Option(
            "--startup",
            help="Start each engine (or --engine) alone: seconds until it is ready, and until its "
            "first answer; megabytes of its library with all that it requires.",
        ),
    ] = False,
) -> None:
    """Say which engines can run here and why others cannot, and what would be measured on.

    Ends with exit code 1 where no engine can run. Examples: harness doctor;
    harness doctor --functions --engine polars
    """
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    if startup:
        console.print(startups([engine] if engine else engines.names()))
        return
    if functions or engine or markdown:
        _print_functions(console, engine, markdown)
        return
    found = examination(Path("results"))
    console.print(found.engines)
    for name, value in found.facts.items():
        console.print(f"{name:<14} {value}", markup=False, soft_wrap=True)
    if not found.available:
        typer.echo("harness: no engine can run here; install one of those above", err=True)
        raise typer.Exit(1)


def _print_functions(console: Console, engine: str | None, markdown: bool) -> None:
    """Prints what one engine does not support as a list, or what all engines do as tables.

    With ``markdown`` it is all printed as Markdown.
    """
    names = [engine] if engine else [name for name in engines.names() if name != REFEREE]
    if markdown:
        typer.echo(as_markdown(names), nl=False)
    elif engine:
        console.print(as_list(engine))
    else:
        console.print(as_tables(matrix(names), console.width))


@app.command(
    "gpucheck",
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def check_gpus(context: typer.Context) -> None:
    """Run all GPU engines on every workload, verified, part by part. Other options go to pytest.

    Example: harness gpucheck --seconds 420 --parts tiny,small
    """
    raise typer.Exit(gpucheck.main(context.args))


@app.command(
    "report",
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def draw(context: typer.Context) -> None:
    """Draw results files into one HTML page, or into pictures; --help lists the options.

    Example: harness report results/*/*.json --output page.html
    """
    from report.__main__ import app as report  # takes a second, which others need not spend

    report(context.args, prog_name=context.command_path)


app.add_typer(new, name="new")
app.command()(compare)
app.command()(verify)
app.command()(selfcheck)


def _print_steps(steps: Sequence[tuple[str, str]]) -> None:
    """Prints the text after each step of a compilation, or that the step changed nothing."""
    before = ""
    for number, (name, text) in enumerate(steps):
        typer.echo("\n" * (number > 0) + f"== {name}")
        typer.echo("(as before)" if text == before else visible(text))
        before = text


def _workload_and_query(target: str) -> tuple[Workload, Query | None]:
    """Returns the workload and the query that ``FILE::QUERY`` names; no query for ``FILE``."""
    file, separator, name = target.partition("::")
    workload = load(Path(file))
    return workload, workload.query(name) if separator else None


def _schemas(workload: Workload, size: str | None) -> Schemas:
    """Returns the columns of each table at ``size``; None is the first size that the file names."""
    with Cache() as cache:
        return table_schemas(workload, workload.size(size or workload.sizes[0]), cache)


def _list(workload: Workload) -> None:
    typer.echo(f"{workload.title}")
    width = max(len(query.name) for query in workload.queries)
    for query in workload.queries:
        typer.echo(
            f"  {query.name:<{width}}  {query.title if query.title != query.name else ''}".rstrip()
        )


def _heading(engine: Engine) -> str:
    """Returns the engine's label as a comment in its own language: ``# Polars``, ``-- DuckDB``."""
    return f"{'#' if engine.language == 'python' else '--'} {engine.label}"


def _print(program: Program) -> None:
    """Prints a program: highlighted on a terminal, elsewhere exactly the text that is run."""
    if sys.stdout.isatty():
        Console().print(Syntax(visible(program.text), program.language, theme="ansi_light"))
    else:
        typer.echo(
            program.text.rstrip("\n"), color=True
        )  # keeps escape sequences that are part of the text


if __name__ == "__main__":
    app()
