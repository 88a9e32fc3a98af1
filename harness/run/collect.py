"""A workload file -> pytest's module, a query -> its test function, a cell -> its parameters."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from harness.data.cache import Cache
from harness.errors import HarnessError, WorkloadError
from harness.outcome import Record
from harness.run.timings import mark_as_used
from harness.workload.cells import Asked, Selection, asked
from harness.workload.file import Query
from harness.workload.reader import Reader

SUFFIXES = (".yaml", ".yml")
RESERVED = re.compile(
    r"__.*|pytest_.*|pytestmark|(setup|teardown)_(module|function)|(setUp|tearDown)Module"
)
"""Names that pytest, or Python, gives a meaning of its own in a module."""

Key = tuple[str, str, str, int]


class Measurer(Protocol):
    """Who reads the SQL of cells, what they call at their turn, and the clock of their timings."""

    selection: Selection
    notes: list[str]
    reader: Reader
    cache: Cache
    clock: Callable[[], float]

    def measure(self, asked: Asked) -> Record: ...


class BadQuery(pytest.Collector):
    """A query that is wrong, in the place of its cells."""

    def __init__(self, *, words: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.words = words

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        raise self.CollectError(self.words)


class WorkloadFile(pytest.Module):
    """A workload file as a module whose test functions are its queries."""

    def __init__(self, *, measurer: Measurer, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.measurer = measurer
        self.wrong: Mapping[str, WorkloadError] = {}

    def _getobj(self) -> types.ModuleType:
        measurer = self.measurer
        try:
            found = asked(self.path, measurer.selection, measurer.reader, measurer.cache)
            self.wrong = found.wrong
            measurer.notes += [f"{self.path.name}: {note}" for note in found.notes]
            return self._module(found.cells)
        except (HarnessError, ExceptionGroup) as error:
            raise self.CollectError("\n".join(map(str, _flat(error)))) from None

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        yield from super().collect()
        for name, error in self.wrong.items():
            yield BadQuery.from_parent(self, name=name, words=str(error))

    def _module(self, cells: Sequence[Asked]) -> types.ModuleType:
        module = types.ModuleType(self.path.stem)
        by_query: dict[str, dict[Key, Asked]] = {}
        for found in cells:
            _check_name(found.query, self.path)
            by_query.setdefault(found.query.name, {})[_key(found)] = found
        for name, own in by_query.items():
            setattr(module, name, _test_function(name, own, self.measurer))
        return module

    def istestfunction(self, obj: object, name: str) -> bool:
        return isinstance(obj, types.FunctionType)


def _check_name(query: Query, file: Path) -> None:
    if RESERVED.fullmatch(query.name):
        message = f"query {query.name!r}: pytest keeps this name for itself; choose another"
        raise WorkloadError(message, file, query.line)


def _flat(error: Exception) -> Iterator[Exception]:
    """The error, or those of a group."""
    if isinstance(error, ExceptionGroup):
        for member in error.exceptions:
            yield from _flat(member)
    else:
        yield error


def _key(found: Asked) -> Key:
    cell = found.cell
    return cell.engine, str(cell.input), cell.size, cell.threads


def _test_function(
    name: str, cells: Mapping[Key, Asked], measurer: Measurer
) -> Callable[..., None]:
    """The test of one query, parametrized over its cells."""

    def measure_cell(benchmark: Any, engine: str, input: str, size: str, threads: int) -> None:
        benchmark.skipped = True  # else pytest-benchmark warns, after Ctrl-C, that it was not used
        record = measurer.measure(cells[engine, input, size, threads])
        mark_as_used(benchmark)  # its entry was made when the cell ended
        if record.outcome.fails_the_run:
            pytest.fail(f"{record.outcome}: {record.reason}", pytrace=False)
        if record.reason:
            pytest.skip(f"{record.outcome}: {record.reason}")

    measure_cell.__name__ = measure_cell.__qualname__ = name
    measure_cell.asked = cells  # type: ignore[attr-defined]
    parameters = list(_parameters(cells, measurer.clock))
    function: Callable[..., None] = pytest.mark.parametrize(
        ("engine", "input", "size", "threads"), parameters
    )(measure_cell)
    return function


def _parameters(cells: Mapping[Key, Asked], clock: Callable[[], float]) -> Iterator[Any]:
    sweep = len({found.cell.threads for found in cells.values()}) > 1
    for key, found in cells.items():
        cell = found.cell
        group = f"{cell.workload}::{cell.query} {cell.input} {cell.size}"
        group += f" {cell.threads} threads" if sweep else ""
        name = cell.parameters + (f"-{cell.threads}t" if sweep else "")
        mark = pytest.mark.benchmark(group=group, timer=clock)
        yield pytest.param(*key, id=name, marks=mark)


def asked_by(item: pytest.Item) -> Asked | None:
    """The cell that an item measures, if it is one of ours."""
    cells = getattr(getattr(item, "function", None), "asked", None)
    if cells is None:
        return None
    params = item.callspec.params  # type: ignore[attr-defined]
    found: Asked = cells[params["engine"], params["input"], params["size"], params["threads"]]
    return found
