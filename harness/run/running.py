"""Runs the collected items: their records go into the register and the journal."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from harness import engines
from harness.data.cache import Cache
from harness.errors import ResultsError
from harness.machine.environment import surroundings
from harness.machine.interrupts import Interrupts
from harness.machine.noise import Noise
from harness.measure.pool import Settings
from harness.outcome import Cell, Outcome, Record
from harness.run import options
from harness.run.budget import Budget
from harness.run.collect import compiled_cell_of
from harness.run.figures import detail
from harness.run.journal import JournalFile, command_of, journals
from harness.run.pages import Pages
from harness.run.results import Register, journal_line
from harness.run.resume import begun, continued
from harness.run.runner import Runner
from harness.run.terminal import Display
from harness.run.timings import Timings, VirtualClock
from harness.workload.cells import CompiledCell


class Running:
    """The part of the pytest plugin that measures: its hooks from the first item to the last.

    ``results`` is the folder with the results of all machines. ``file`` is the journal and
    ``runner`` measures; both are None if nothing is measured. ``trouble`` says why the run ended
    early.
    """

    def __init__(
        self,
        config: pytest.Config,
        settings: Settings,
        cache: Cache,
        results: Path,
        register: Register,
        budget: Budget,
        display: Display,
        noise: Noise,
        interrupts: Interrupts,
        pages: Pages,
    ) -> None:
        self.config, self.settings, self.cache, self.results = config, settings, cache, results
        self.register, self.display = register, display
        self.noise, self.interrupts = noise, interrupts
        self.budget, self.pages = budget, pages
        self.clock = VirtualClock()
        self.timings = Timings(config, self.clock)
        self.file: JournalFile | None = None
        self.runner: Runner | None = None
        self.trouble = ""
        self._kept: dict[Cell, Record] = {}
        self._ended = self._sharpening = False

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            if found := compiled_cell_of(item):
                self.timings.expect(found.cell, item)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        failed = session.testsfailed and not session.config.option.continue_on_collection_errors
        if not (session.config.getoption("collectonly") or failed or not self.register.cells):
            self._begin()
        found = yield
        if self.file is not None:
            self._sharpen(session)
        return found

    def _begin(self) -> None:
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter.showfspath = self.display.quiet  # our own lines say more than dots do
            reporter.flush()
        if not options.shows_tables(self.config):
            self.config.pluginmanager.getplugin("pytest-benchmark").quiet = True
        self._look_around()
        disabled = options.disabled(self.config)
        self._kept = {} if disabled else self._open_journal()
        for record in self._kept.values():
            self._register(record)
        tell, say = self.display.progress, self.display.say
        if not disabled:
            self.noise.begin()
        self.display.begin(self.register.cells, self.budget, self.pages.index, len(self._kept))
        self.budget.begin()
        self.runner = Runner(
            self.settings, self.cache, self.register, self.budget, tell, say, self._end
        )

    def _look_around(self) -> None:
        """Puts the state of the machine into the register, before anything is measured."""
        threads = sorted({cell.threads for cell in self.register.cells})
        found = {cell.engine: engines.get(cell.engine) for cell in self.register.cells}
        self.register.environment = surroundings(found, self.cache.budget.root, threads)

    def _open_journal(self) -> dict[Cell, Record]:
        """Makes a journal or, to resume a run, opens its journal; returns its valid records."""
        folder, settings = self.results / self.register.machine.name, self.settings
        broken_off, living = journals(folder)
        if living:
            self.display.warning("another run is measuring here; both will be slower for it")
        basis = options.basis(self.config)
        kept: dict[Cell, Record] = {}
        try:
            if self.config.getoption("resume"):
                unfinished = continued(folder, self.register, settings, basis, self.cache)
                self.file, kept = unfinished.file, unfinished.records
                if unfinished.noise is not None:
                    self.noise.resume(unfinished.noise)
                self.display.say(f"continuing {self.file.path}: {len(kept)} cells are done")
            else:
                self.file = begun(folder, self.register, settings, basis, self.cache)
        except ResultsError as error:
            raise pytest.UsageError(str(error)) from None
        if broken_off and not self.config.getoption("resume"):
            hint = options.resuming(command_of(broken_off[-1]))
            self.display.say(f"{broken_off[-1]} is unfinished; `{hint}` goes on from there")
        return kept

    def _sharpen(self, session: pytest.Session) -> None:
        """Uses the rest of the budget for further passes, when all cells have had their first."""
        assert self.runner is not None
        self._sharpening = True
        self.display.sharpen()
        self._between()
        for _ in self.runner.sharpen():
            if session.shouldfail or session.shouldstop:
                break
            self._between()

    def _between(self) -> None:
        """Measures the probe and draws the page if it is due, while no engine runs."""
        self.noise.between()
        if self.file is not None and self.pages.is_due:
            self.pages.refresh(self.file.path, self.display.warning)

    def record_of(self, compiled: CompiledCell) -> Record:
        """Returns the cell's record; measures the cell's question if there is no record yet."""
        assert self.runner is not None
        self._between()
        record = self.runner.record_of(compiled)
        most = self.config.option.maxfail  # of -x it is 1
        if most and record.outcome.fails_the_run and compiled.cell in self._kept:
            self.config.option.maxfail = most + 1  # what failed before does not end this run
        return record

    def _end(self, record: Record) -> None:
        """Puts a record into register and journal and prints it, uninterrupted by Ctrl-C."""
        with self.interrupts.held():
            record = self._register(record)
            compiled = self.register.cells[record.cell]
            if not self._sharpening:
                self.display.cell(compiled, record)
            elif record.outcome.fails_the_run:
                self._fail(record)
            if self.file is None:
                return
            try:
                version = engines.get(record.cell.engine).version()
                self.file.append(journal_line(record, version, self.noise.entry()))
            except ResultsError as error:
                self.trouble = str(error)
                pytest.exit(self.trouble, pytest.ExitCode.INTERNAL_ERROR)

    def _fail(self, record: Record) -> None:
        """Reports to pytest that an item failed: it had passed, but its later pass failed."""
        item = self.timings.item(record.cell)
        reason = f"{record.outcome}: {record.reason}"
        report = pytest.TestReport(
            item.nodeid, item.location, {}, "failed", reason, when="teardown"
        )
        report.__dict__["enginebench"] = record
        item.ihook.pytest_runtest_logreport(report=report)

    def _register(self, record: Record) -> Record:
        """Puts a record into the register and returns it.

        If pytest-benchmark refuses its rounds, a record with the outcome error takes its place.
        """
        try:
            self.timings.add(record, engines.get(record.cell.engine).version())
        except Exception as error:
            reason = f"pytest-benchmark failed: {type(error).__name__}: {error}"
            record = Record(record.cell, Outcome.ERROR, reason, record.program_sha256)
        self.register.records[record.cell] = record
        return record

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, Any, Any]:
        report = yield
        found = compiled_cell_of(item)
        if found is None or call.when != "call":
            return report
        report.enginebench = self.register.record_of(found.cell)
        error = call.excinfo.value if call.excinfo else None
        if isinstance(error, pytest.fail.Exception):
            report.longrepr = error.msg  # without "Failed: " before it
        elif isinstance(error, pytest.skip.Exception):
            report.longrepr = (str(found.workload.file), found.query.line, str(error.msg))
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Hides pytest's dots for cells; with -v a cell's outcome and times are printed."""
        record = getattr(report, "enginebench", None)
        if record is None or self._ended or self.display.quiet:
            return None
        word = f"{record.outcome}  {detail(record)}" if self.display.verbose else ""
        return "error" if report.when == "teardown" else str(report.outcome), "", word

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self.display.end()
        self._ended = True

    def close(self) -> None:
        """Measures the probe a last time, while the workers idle, and then ends the workers."""
        self.noise.end()
        if self.runner is not None:
            self.runner.close()
