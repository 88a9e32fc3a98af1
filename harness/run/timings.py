"""Passes the rounds of cells to pytest-benchmark, as soon as each cell has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from pytest_benchmark.utils import NameWrapper

from harness.outcome import Cell, Record
from harness.run.results import extra_info


class VirtualClock:
    """A clock for pytest-benchmark's timings, which shows the seconds that workers measured."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


class Timings:
    """Passes the rounds of cells to pytest-benchmark.

    The engines of a query are measured together, while pytest runs one item (one cell) after the
    other. If a cell's entry were made only when its item runs, it would be lost if the run ended
    before. So each cell gets a benchmark fixture here, with the options of its item.
    """

    def __init__(self, config: pytest.Config, clock: VirtualClock) -> None:
        self._config, self._clock = config, clock
        self._items: dict[Cell, pytest.Item] = {}
        self._places: dict[str, int] = {}

    def expect(self, cell: Cell, item: pytest.Item) -> None:
        """Sets the pytest item that a cell's entry will belong to."""
        self._items[cell] = item
        self._places.setdefault(item.nodeid, len(self._places))

    def add(self, record: Record, version: str | None) -> None:
        """Makes pytest-benchmark's entry for a record with rounds, in place of the cell's old one.

        Raises what pytest-benchmark raises, and then leaves no entry.
        """
        item = self._items[record.cell]
        self._remove(item)
        if not record.rounds:
            return
        made: list[Any] = []
        fixture = self._fixture(item, made.append)
        fixture.extra_info.update(extra_info(record, version).model_dump(mode="json"))
        seconds = iter([one.seconds for one in record.rounds])

        def round_() -> None:
            self._clock.advance(next(seconds, 0.0))  # a profiler asks for one more

        fixture.pedantic(round_, rounds=len(record.rounds))
        self._session.benchmarks.extend(made)
        self._session.benchmarks.sort(key=self._place)  # a query's cells end in any order

    def item(self, cell: Cell) -> pytest.Item:
        """Returns the pytest item that a cell's entry belongs to."""
        return self._items[cell]

    def _remove(self, item: pytest.Item) -> None:
        """Removes pytest-benchmark's entry for an item, if there is one."""
        entries = self._session.benchmarks
        entries[:] = [entry for entry in entries if not entry or entry.fullname != item.nodeid]

    def _place(self, entry: Any) -> int:
        """Returns the place of an entry's item among the items of cells; entries are sorted by it.

        It is -1 for tests that measure no cell.
        """
        return self._places.get(entry.fullname, -1)

    @property
    def _session(self) -> Any:
        return self._config.pluginmanager.getplugin("pytest-benchmark")

    def _fixture(self, item: pytest.Item, add: Callable[[Any], None]) -> Any:
        """Returns a benchmark fixture with the options that pytest-benchmark gives to this item.

        The fixture calls ``add`` with the entry that it makes of its timings.
        """
        session, mark = self._session, item.get_closest_marker("benchmark")
        options = {**session.options, **(mark.kwargs if mark else {})}
        options["timer"] = NameWrapper(self._clock)  # type: ignore[no-untyped-call]
        return BenchmarkFixture(  # type: ignore[no-untyped-call]
            item,
            add_stats=add,
            logger=session.logger,
            warner=item.warn,
            disabled=False,
            **options,
        )


def mark_as_used(benchmark: Any) -> None:
    """Uses a test's ``benchmark`` fixture for nothing: pytest-benchmark warns of an unused one."""
    benchmark.disabled = True
    benchmark.pedantic(lambda: None)
