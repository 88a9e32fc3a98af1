"""Reads a workload's YAML file into a Workload: its tables, queries, sizes and inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from harness.answer import Training
from harness.data.files import LONGEST_SHOWN
from harness.data.generators import registry
from harness.data.generators.base import Generator, Params
from harness.data.sources import OWN_SIZE, DataSource, DataSpec
from harness.data.table_source import TableSource
from harness.errors import WorkloadError
from harness.tables import CsvFormat, Input
from harness.words import is_utf8, suggestion, visible
from harness.workload.own_code import named, without_function
from harness.workload.schema import (
    DataModel,
    QueryModel,
    TableModel,
    TrainModel,
    WorkloadModel,
    parse,
    validate,
)
from harness.workload.yaml_lines import MAX_BYTES, Document, read


@dataclass(frozen=True)
class Query:
    """One query. ``line`` is the line of its name in the file; its SQL begins on ``sql_line``.

    ``sql`` is empty if the query has hand-written programs only. ``write``: the answer is written
    to a file of this format. ``train``: its rows train a model. ``tolerance`` is the relative
    difference that floats may have.
    """

    name: str
    title: str
    sql: str
    line: int
    sql_line: int
    write: Literal["parquet"] | None = None
    train: Training | None = None
    tolerance: float = 1e-6
    native: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Engine -> name -> ``file.py:function`` of hand-written programs beside the workload file."""


@dataclass(frozen=True, kw_only=True)
class Workload(DataSource):
    """The validated contents of a workload file."""

    title: str
    inputs: tuple[Input, ...]
    queries: tuple[Query, ...]

    def query(self, name: str) -> Query:
        """Returns the query with a name; raises WorkloadError if there is none."""
        for query in self.queries:
            if query.name == name:
                return query
        hint = suggestion(name, [query.name for query in self.queries], "queries")
        raise WorkloadError(f"{self.name} has no query {name!r}; {hint}", self.file)


def load(path: Path) -> Workload:
    """Reads a workload. Raises WorkloadError with file, line and what would be right.

    Neither parses SQL nor opens the tables' files.
    """
    if not is_utf8(path.absolute()):
        raise WorkloadError("this path is not UTF-8; rename the file, or its folder", path, 1)
    document = read(path)
    model = parse(document)
    return Workload(
        name=path.stem,
        title=model.title or visible(path.stem),
        file=path,
        inputs=tuple(dict.fromkeys(model.input)),
        queries=tuple(_query(document, name, query) for name, query in model.queries.items()),
        tables={
            name: _table(document, name, table) for name, table in (model.tables or {}).items()
        },
        data=_data(document, model),
    )


def _query(document: Document, name: str, model: QueryModel) -> Query:
    place = ("queries", name)
    for engine, functions in model.native.items():
        for function in functions:
            _check_beside(document, function, document.line((*place, "native", engine)))
    line = document.line(place)
    sql_line = document.text_lines.get((*place, "sql")) or document.text_lines.get(place, line)
    return Query(
        name=name,
        title=model.title or name,
        sql=model.sql,
        line=line,
        sql_line=sql_line,
        write=model.write,
        train=None if model.train is None else _training(model.train),
        tolerance=model.tolerance,
        native={engine: named(functions) for engine, functions in model.native.items()},
    )


def _training(model: TrainModel) -> Training:
    default = (0, 1) if model.model == "sgd-classifier" else ()
    return Training(model.model, model.target, model.batch_rows, model.classes or default)


def _check_beside(document: Document, function: str, line: int) -> None:
    """Raises WorkloadError, for this line, unless ``file.py:function`` names a program to run.

    The file must be in the workload's folder or below it, and must define the function.
    """
    name, _, entry = function.rpartition(":")
    try:
        reason = unlike_a_program(document.file.parent.resolve(), name, entry)
    except (OSError, RuntimeError, ValueError):  # too long, links in a ring, NUL, no UTF-8
        reason = f"{name[:LONGEST_SHOWN]!r} cannot be read as text in UTF-8"
    if reason:
        raise WorkloadError(reason, document.file, line)


def unlike_a_program(folder: Path, name: str, entry: str) -> str:
    """Returns, in words, why a user's file cannot be run as a program; "" if it can.

    ``name`` is its path from ``folder``, ``entry`` the function that it must define.
    """
    program = (folder / name).resolve()
    if not program.is_relative_to(folder):
        return f"{name!r} must stay beside this file"
    if not program.is_file():
        scripts = [path.name for path in folder.glob("*.py") if path.is_file()]
        hint = suggestion(name, scripts, "programs here")
        return f"there is no {name!r} beside this file; {hint}"
    with program.open("rb") as stream:
        text = stream.read(MAX_BYTES + 1)
    if not text or len(text) > MAX_BYTES:
        return f"{name!r} is empty, or over 1 MB"
    return without_function(name, text.decode(), entry)


def _table(document: Document, name: str, model: TableModel) -> TableSource:
    return TableSource(
        name=name,
        paths=model.path,
        file=document.file,
        line=document.line(("tables", name)),
        declared=model.columns,
        csv_format=CsvFormat(model.delimiter or ",", model.null_values),
        delimited=model.delimiter is not None,
    )


def _data(document: Document, model: WorkloadModel) -> DataSpec | None:
    if model.data is None:
        return None
    name, known = model.data.generator, registry.names()
    if name not in known:
        line = document.line(("data", "generator"))
        hint = suggestion(name, known, "generators")
        raise WorkloadError(f"unknown generator {name!r}; {hint}", document.file, line)
    generator = registry.get(name)
    sizes = _sizes(document, generator, model.data)
    lines = {size: document.line(("data", "sizes", size)) for size in sizes}
    return DataSpec(generator, sizes, lines)


def _sizes(document: Document, generator: Generator[Any], model: DataModel) -> Mapping[str, Params]:
    """Returns a generator's parameters by size; one that takes none has the one size ``own``.

    Raises WorkloadError if the file has no sizes and needs some, has sizes that it must not have,
    or invalid parameters.
    """
    line = document.line(("data", "sizes"))
    fixed = not generator.params.model_fields
    if fixed and model.sizes is not None:
        reason = f"the generator {generator.name!r} has one size; leave out 'sizes'"
        raise WorkloadError(reason, document.file, line)
    if fixed:
        return {OWN_SIZE: generator.params()}
    if model.sizes is None:
        fields = generator.params.model_fields
        example = ", ".join(f"{name}: …" for name, field in fields.items() if field.is_required())
        reason = f"the key 'sizes' is missing; for example sizes: {{small: {{{example}}}}}"
        raise WorkloadError(reason, document.file, line)
    return {
        size: validate(generator.params, given, document, ("data", "sizes", size))
        for size, given in model.sizes.items()
    }
