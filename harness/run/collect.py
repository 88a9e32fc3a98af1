"""Collects a workload file as a pytest module, a query as its function, a cell as its item."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from harness.data.cache import Cache
from harness.errors import HarnessError, WorkloadError
from harness.outcome import Cell, Record, swept
from harness.records.limits import limit_name
from harness.run.results import Register
from harness.run.terminal import Display
from harness.run.timings import mark_as_used
from harness.workload.cells import CompiledCell, Selection, compiled_cells
from harness.workload.file import Query
from harness.workload.reader import Reader

SUFFIXES = (".yaml", ".yml")
RESERVED = re.compile(
    r"__.*|pytest_.*|pytestmark|(setup|teardown)_(module|function)|(setUp|tearDown)Module"
)
"""Names that have a meaning for pytest or Python in a module."""

Key = tuple[str, str, str, int, int | None, int | None]
"""What tells a query's cells apart: the values of its test function's PARAMETERS."""
PARAMETERS = ("engine", "input", "size", "threads", "memory_limit", "clients")


class Records(Protocol):
    """What collecting needs of the run: a cell's record, and a clock.

    pytest-benchmark gets the clock as its timer; it shows the seconds that workers measured.
    """

    @property
    def clock(self) -> Callable[[], float]: ...

    def record_of(self, compiled: CompiledCell) -> Record:
        """Returns the cell's record; measures the cell if needed."""


class Collecting:
    """The part of the pytest plugin that collects items: its hooks before the first item runs."""

    def __init__(
        self,
        config: pytest.Config,
        reader: Reader,
        cache: Cache,
        selection: Selection,
        register: Register,
        records: Records,
        display: Display,
    ) -> None:
        self.config, self.reader, self.cache, self.selection = config, reader, cache, selection
        self.register, self.records, self.display = register, records, display
        self.notes: list[str] = []
        self.left_out = 0
        self.not_collected: list[pytest.Collector] = []

    def pytest_report_header(self) -> list[str]:
        machine, selection = self.register.machine, self.selection
        threads = f"{' and '.join(map(str, selection.threads))} threads"
        memory = f"{machine.memory_bytes / 2**30:.0f} GiB"
        if len(selection.memory_limits) > 1:
            threads += f"; {' and '.join(map(limit_name, selection.memory_limits))} of memory"
        if selection.clients != (None,):
            threads += f"; {' and '.join(map(str, selection.clients))} clients"
        gpus = "".join(f", {gpu.name}" for gpu in machine.gpus)
        return [
            f"enginebench: {', '.join(selection.engines)}; {threads}",
            f"machine: {machine.cpu}, {machine.logical_cores} cores, {memory}{gpus}",
        ]

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Ignores Python tests beside workloads, unless the command line names them."""
        named = {self.config.invocation_params.dir / arg for arg in self.config.args}
        return True if collection_path.suffix == ".py" and collection_path not in named else None

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> WorkloadFile | None:
        if file_path.suffix not in SUFFIXES:
            return None
        return WorkloadFile.from_parent(parent, path=file_path, collecting=self)

    @pytest.hookimpl(trylast=True)  # after -k and -m have chosen
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            if found := compiled_cell_of(item):
                self.register.add(found)

    @pytest.hookimpl(wrapper=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> Generator[None, Any, Any]:
        """Leaves bad queries out of pytest's failed collections: else pytest would run nothing."""
        last = self.not_collected[-1] if report.failed and self.not_collected else None
        if isinstance(last, BadQuery):
            last.session.testsfailed -= 1
        return (yield)

    def pytest_exception_interact(self, node: pytest.Item | pytest.Collector) -> None:
        if isinstance(node, pytest.Collector):
            self.not_collected.append(node)

    def pytest_collection_finish(self) -> None:
        """Prints what is wrong with bad queries; the other queries are measured nevertheless."""
        self.reader.close()  # all is compiled, and what is measured has the machine alone
        for words in [*(query.words for query in self._bad_queries()), *self.notes]:
            self.display.warning(words)
        if self.left_out:
            self.display.say(self._of_sample())

    def _of_sample(self) -> str:
        """Returns a line for the user: how many of all queries are in the sample."""
        count = len({(cell.workload, cell.query) for cell in self.register.cells})
        return (
            f"a sample: {count} of {count + self.left_out} queries, evenly spaced over each "
            "workload; --full runs all"
        )

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Counts bad queries as failures once the other queries have run."""
        try:
            return (yield)
        finally:
            session.testsfailed += len(self._bad_queries())

    def _bad_queries(self) -> list[BadQuery]:
        return [node for node in self.not_collected if isinstance(node, BadQuery)]


class BadQuery(pytest.Collector):
    """A query with a fault, collected in place of the query's cells."""

    def __init__(self, *, words: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.words = words

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        raise self.CollectError(self.words)


class WorkloadFile(pytest.Module):
    """A workload file as a module whose test functions are its queries."""

    def __init__(self, *, collecting: Collecting, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.collecting = collecting
        self.wrong: Mapping[str, WorkloadError] = {}

    def _getobj(self) -> types.ModuleType:
        ours = self.collecting
        try:
            found = compiled_cells(self.path, ours.selection, ours.reader, ours.cache)
            self.wrong = found.wrong
            ours.notes += [f"{self.path.name}: {note}" for note in found.notes]
            ours.left_out += found.left_out
            return self._module(found.cells)
        except (HarnessError, ExceptionGroup) as error:
            raise self.CollectError("\n".join(map(str, _flat(error)))) from None

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        yield from super().collect()
        for name, error in self.wrong.items():
            yield BadQuery.from_parent(self, name=name, words=str(error))

    def _module(self, cells: Sequence[CompiledCell]) -> types.ModuleType:
        module = types.ModuleType(self.path.stem)
        by_query: dict[str, dict[Key, CompiledCell]] = {}
        for found in cells:
            _check_name(found.query, self.path)
            by_query.setdefault(found.query.name, {})[_key(found.cell)] = found
        for name, own in by_query.items():
            setattr(module, name, _test_function(name, own, self.collecting.records))
        return module

    def istestfunction(self, obj: object, name: str) -> bool:
        return isinstance(obj, types.FunctionType)


def _check_name(query: Query, file: Path) -> None:
    if RESERVED.fullmatch(query.name):
        message = f"query {query.name!r}: pytest keeps this name for itself; choose another"
        raise WorkloadError(message, file, query.line)


def _flat(error: Exception) -> Iterator[Exception]:
    """Yields the error itself or, if it is a group of errors, each error in the group."""
    if isinstance(error, ExceptionGroup):
        for member in error.exceptions:
            yield from _flat(member)
    else:
        yield error


def _key(cell: Cell) -> Key:
    where = cell.engine, str(cell.input), cell.size
    return *where, cell.threads, cell.memory_limit, cell.clients


def _test_function(
    name: str, cells: Mapping[Key, CompiledCell], records: Records
) -> Callable[..., None]:
    """Returns the test function of one query, parametrized over the query's cells."""

    def test_cell(
        benchmark: Any,
        engine: str,
        input: str,
        size: str,
        threads: int,
        memory_limit: int | None,
        clients: int | None,
    ) -> None:
        benchmark.skipped = True  # else pytest-benchmark warns, after Ctrl-C, that it was not used
        record = records.record_of(cells[engine, input, size, threads, memory_limit, clients])
        mark_as_used(benchmark)  # its entry was made when the cell ended
        if record.outcome.fails_the_run:
            pytest.fail(f"{record.outcome}: {record.reason}", pytrace=False)
        if record.reason:
            pytest.skip(f"{record.outcome}: {record.reason}")

    test_cell.__name__ = test_cell.__qualname__ = name
    test_cell.compiled_cells = cells  # type: ignore[attr-defined]
    parameters = list(_parameters(cells, records.clock))
    function: Callable[..., None] = pytest.mark.parametrize(PARAMETERS, parameters)(test_cell)
    return function


def _parameters(cells: Mapping[Key, CompiledCell], clock: Callable[[], float]) -> Iterator[Any]:
    axes = swept(found.cell for found in cells.values())
    for key, found in cells.items():
        cell = found.cell
        group = f"{cell.workload}::{cell.query} {cell.input} {cell.size}"
        group += "".join(f" {axis.words(cell)}" for axis in axes)
        name = "-".join([cell.parameters, *(axis.suffix(cell) for axis in axes)])
        mark = pytest.mark.benchmark(group=group, timer=clock)
        yield pytest.param(*key, id=name, marks=mark)


def compiled_cell_of(item: pytest.Item) -> CompiledCell | None:
    """Returns the cell that an item measures; None for other tests' items."""
    cells = getattr(getattr(item, "function", None), "compiled_cells", None)
    if cells is None:
        return None
    params = item.callspec.params  # type: ignore[attr-defined]
    found: CompiledCell = cells[tuple(params[name] for name in PARAMETERS)]
    return found
