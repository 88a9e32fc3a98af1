"""The command ``harness new FILES``: data files -> a workload file that runs as it stands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import fill
from typing import Annotated

import typer

from harness import engines
from harness.commands.draft import WIDTH, Draft, Drafted, as_yaml, candidates, relative
from harness.data.apart import Apart
from harness.data.cache import Cache
from harness.data.files import ADDRESS, resolve
from harness.data.looks import advice
from harness.data.prepare import prepare
from harness.data.sniff import sniff
from harness.data.sources import OWN_SIZE
from harness.data.summary import summarize
from harness.data.table_source import TableSource
from harness.data.walk import Walk
from harness.errors import HarnessError, Unsupported, WorkloadError
from harness.sandbox.names import needs_quotes
from harness.tables import CsvFormat, Input, Look, Table
from harness.workload.compiler import Compiler, Schemas
from harness.workload.file import Query, Workload
from harness.workload.reader import Reader


def new_workload(
    files: Annotated[
        list[str],
        typer.Argument(help="CSV, Parquet, Arrow or JSON-lines files, or folders of them."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(help="The file to write. Default: the first one's name, with .yaml."),
    ] = None,
) -> None:
    """Draft a workload over your own files: their columns, and queries that run as they stand.

    Example: harness new flights.csv planes.parquet --output flights.yaml
    """
    for file in files:
        if ADDRESS.match(file):
            raise HarnessError(f"{file} is an address: download it, and give the file's path")
    paths = [Path(file) for file in files]
    target = output or Path(f"{_word(paths[0].name.split('.')[0])}.yaml")
    if target.exists():
        raise HarnessError(f"{target} is there already; choose another by --output")
    tables = _drafted(_named(paths), target)
    queries = _chosen(tables, target)
    command = f"harness new {shlex.join(files)}"
    target.write_text(as_yaml(target.stem, command, tables, queries), encoding="utf-8")
    for one in tables:
        _report(one)
    typer.echo(f"wrote {target}: {_count(tables, 'table')}, {_count(queries, 'query')}")
    typer.echo(f"Next: pytest --benchmark {shlex.quote(str(target))}")


def _count(things: Sequence[object], one: str) -> str:
    """Returns a number of things with their noun: 1 table, 3 queries."""
    many = f"{one[:-1]}ies" if one.endswith("y") else f"{one}s"
    return f"{len(things)} {one if len(things) == 1 else many}"


def _named(files: Sequence[Path]) -> dict[str, TableSource]:
    """Returns, by name, a table for each file; a table is named after its file."""
    named: dict[str, TableSource] = {}
    for path in files:
        start = name = _word(path.resolve().name.split(".")[0])
        while name in named:
            name = f"{start}_{len(named) + 1}"
        where = path.absolute()
        named[name] = TableSource(name, (where.name,), where, 1)
    return named


def _word(text: str) -> str:
    """Returns a text changed into a valid name of a table in a workload file."""
    word = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_").lower()[:60]
    return f"t_{word}".rstrip("_") if needs_quotes(word) else word


def _drafted(sources: Mapping[str, TableSource], target: Path) -> list[Drafted]:
    """Returns the tables, each with how its files have to be read.

    Raises WorkloadError or DataError if a file cannot be read.
    """
    with Cache() as cache, Apart() as reading:
        walk = Walk()
        sniffed = {name: _delimited(one, walk, reading) for name, one in sources.items()}
        first = _read(sniffed, cache)
        mended = {name: _with_nulls(one, first[name].looks) for name, one in sniffed.items()}
        tables = _read(mended, cache)
        return [
            Drafted(
                table=table,
                path=relative(mended[name].file, target.absolute()),
                columns=reading.call(name, summarize, table),
                keys=_keys(mended[name]),
                mended=tuple(look for look in first[name].looks if look not in table.looks),
            )
            for name, table in tables.items()
        ]


def _delimited(source: TableSource, walk: Walk, reading: Apart) -> TableSource:
    """Returns the source; of a CSV file, with the delimiter that DuckDB's sniffer finds.

    ``walk`` lists the folders of the source's path; the worker ``reading`` runs the sniffer.
    """
    found = resolve(source, walk)
    if found.kind != "CSV":
        return source
    sniffed = reading.call(source.path, sniff, found.paths[0])
    if sniffed is None or sniffed.columns < 2 or sniffed.delimiter == ",":
        return source
    return replace(source, csv_format=CsvFormat(sniffed.delimiter), delimited=True)


def _with_nulls(source: TableSource, looks: Sequence[Look]) -> TableSource:
    """Returns the source with further texts to be read as NULL.

    They are texts, such as ``NA``, of columns whose other values are all numbers or dates.
    """
    texts = dict.fromkeys(text for look in looks for text in look.null_values)
    values = dict.fromkeys([*source.csv_format.null_values, *texts])
    return replace(source, csv_format=replace(source.csv_format, null_values=tuple(values)))


def _read(sources: Mapping[str, TableSource], cache: Cache) -> Mapping[str, Table]:
    workload = _workload(Path("new.yaml"), sources)
    return prepare(workload, OWN_SIZE, Input.MEMORY, cache, typer.echo).tables


def _workload(file: Path, tables: Mapping[str, TableSource]) -> Workload:
    return Workload(
        name=file.stem, file=file, tables=tables, title="", inputs=(Input.MEMORY,), queries=()
    )


def _keys(source: TableSource) -> dict[str, str | tuple[str, ...]]:
    """Returns the keys that a table needs beside ``path``: ``delimiter``, ``null_values``."""
    form = source.csv_format
    keys: dict[str, str | tuple[str, ...]] = {}
    if source.delimited:
        keys["delimiter"] = form.delimiter
    if len(form.null_values) > 1:
        keys["null_values"] = form.null_values
    return keys


def _chosen(tables: Sequence[Drafted], target: Path) -> list[Draft]:
    """Returns the queries of the draft of the workload file ``target``.

    Of the ways to write a query (`draft.candidates`), the first is taken that all default engines
    available here can run; without one, the query is left out.
    """
    schemas = {one.name: one.table.schema for one in tables}
    sources = {one.name: TableSource(one.name, (one.path,), target, 1) for one in tables}
    names = [name for name in engines.by_default() if not engines.get(name).unavailable()]
    chosen: dict[str, Draft] = {}
    with Reader() as reader:
        compiler = Compiler(_workload(target, sources), reader)
        for group in candidates(tables):
            able = (one for one in group if _is_done(compiler, one, schemas, names))
            if found := next(able, None):
                chosen.setdefault(found.name, found)
    return [*chosen.values()]


def _is_done(compiler: Compiler, draft: Draft, schemas: Schemas, names: Sequence[str]) -> bool:
    """True if a draft's query compiles for all engines in ``names``."""
    query = Query(draft.name, draft.title, draft.sql, 1, 1)
    try:
        for name in names:
            compiler.program(query, schemas, name, Input.MEMORY)
    except (Unsupported, WorkloadError):
        return False
    return True


def _report(one: Drafted) -> None:
    """Prints what was set so that a table is read correctly, and what the user should look at."""
    for line in _remarks(one):
        typer.echo(fill(f"{one.name}: {line}", WIDTH, subsequent_indent="  "))


def _remarks(one: Drafted) -> Iterator[str]:
    for key, value in one.keys.items():
        yield f"{key}: {value if isinstance(value, str) else ', '.join(map(repr, value))}"
    yield from map(advice, one.table.looks)
