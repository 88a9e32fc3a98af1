"""One run of ``pytest --benchmark``: from the files collected to results, report and summary."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness import engines
from harness.data.cache import Cache
from harness.errors import DataError, ResultsError
from harness.machine.commit import commit_of
from harness.machine.cores import overruns
from harness.machine.environment import surroundings
from harness.machine.facts import this_machine
from harness.machine.interrupts import Interrupts
from harness.machine.noise import Noise, Probe
from harness.outcome import Cell, Outcome, Record
from harness.records.runs import EnvironmentEntry
from harness.run import options
from harness.run.collect import SUFFIXES, BadQuery, WorkloadFile, asked_by
from harness.run.journal import JournalFile, command_of, journals
from harness.run.results import Register, as_json, check_writable, fields, journal_line, write
from harness.run.resume import begun, continued
from harness.run.runner import Run
from harness.run.terminal import Display, detail
from harness.run.timings import Timings, VirtualClock
from harness.workload.cells import Asked
from harness.workload.reader import Reader

if TYPE_CHECKING:
    from report import Ranked


class BenchmarkRun:
    """The part of the plugin that exists only under ``--benchmark``: pytest's hooks for one run."""

    def __init__(self, config: pytest.Config, reader: Reader) -> None:
        options.refuse_what_cannot_be(config)
        # pytest-benchmark asks a child process for the CPU; a json.py here is no part of Python.
        os.environ["PYTHONSAFEPATH"] = "1"
        self.config, self.reader = config, reader
        self.selection, self.settings = options.selection(config), options.settings(config)
        self.disabled = options.disabled(config)
        self.folder = config.rootpath / config.getoption("results")
        if config.args_source is not pytest.Config.ArgsSource.ARGS:
            config.args = [str(options.workloads_folder(config))]
        if not config.getoption("collectonly"):
            _check_results_folder(self.folder)
        self.cache = _cache(options.cache_limit(config))
        self.clock = VirtualClock()
        self.timings = Timings(config, self.clock)
        self.display = Display(_terminal_file(), config.get_verbosity())
        self.register = Register(this_machine(), options.repeated(config))
        self.noise = Noise(Probe(max(self.selection.threads)))
        self.interrupts = Interrupts(self._last_words)
        self.kept: dict[Cell, Record] = {}
        self.file: JournalFile | None = None
        self.run: Run | None = None
        self.summing_up = False
        self.not_collected: list[pytest.Collector] = []
        self.notes: list[str] = []
        self.results: Path | None = None
        self.report: Path | None = None
        self.ranking: Sequence[Ranked] = ()
        self.trouble = ""

    # ------------------------------------------------------------------ collection

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leaves out the tests that lie beside workloads, unless they are asked for by name."""
        named = {self.config.invocation_params.dir / arg for arg in self.config.args}
        return True if collection_path.suffix == ".py" and collection_path not in named else None

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> WorkloadFile | None:
        if file_path.suffix not in SUFFIXES:
            return None
        return WorkloadFile.from_parent(parent, path=file_path, measurer=self)

    def pytest_report_header(self) -> list[str]:
        machine, selection = self.register.machine, self.selection
        threads = " and ".join(map(str, selection.threads))
        memory = f"{machine.memory_bytes / 2**30:.0f} GiB"
        gpus = "".join(f", {gpu.name}" for gpu in machine.gpus)
        return [
            f"enginebench: {', '.join(selection.engines)}; {threads} threads",
            f"machine: {machine.cpu}, {machine.logical_cores} cores, {memory}{gpus}",
        ]

    @pytest.hookimpl(trylast=True)  # after -k and -m have chosen
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            if found := asked_by(item):
                self._ask(found)
                self.timings.expect(found.cell, item)

    @pytest.hookimpl(wrapper=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> Generator[None, Any, Any]:
        """A bad query stops nothing: pytest's number of failures is the same after it as before."""
        last = self.not_collected[-1] if report.failed and self.not_collected else None
        if isinstance(last, BadQuery):
            last.session.testsfailed -= 1
        return (yield)

    def pytest_exception_interact(self, node: pytest.Item | pytest.Collector) -> None:
        if isinstance(node, pytest.Collector):
            self.not_collected.append(node)

    def pytest_collection_finish(self) -> None:
        """Tells bad queries before the others are measured, which they do not keep from it."""
        self.reader.close()  # all is compiled, and what is measured has the machine alone
        wrong = [node.words for node in self.not_collected if isinstance(node, BadQuery)]
        for words in [*wrong, *self.notes]:
            self.display.warning(words)

    def _ask(self, found: Asked) -> None:
        before = self.register.asked.setdefault(found.cell, found)
        if before.workload.file != found.workload.file:
            raise pytest.UsageError(
                f"{before.workload.file} and {found.workload.file} have one name, and so would "
                "their results; rename one"
            )

    # ------------------------------------------------------------------ running

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Bad queries make the exit code, after the others."""
        self._begin(session)
        try:
            return (yield)
        finally:
            session.testsfailed += sum(isinstance(node, BadQuery) for node in self.not_collected)

    def _begin(self, session: pytest.Session) -> None:
        failed = session.testsfailed and not session.config.option.continue_on_collection_errors
        if session.config.getoption("collectonly") or failed or not self.register.asked:
            return
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter.showfspath = self.display.quiet  # our own lines say more than dots do
            reporter.flush()
        self.register.environment = self._surroundings()
        self.config.pluginmanager.register(self.interrupts, "enginebench-interrupts")
        self.interrupts.watch()
        self.kept = {} if self.disabled else self._open_journal()
        for record in self.kept.values():
            self._register(record)
        tell, say = self.display.progress, self.display.say
        self.run = Run(self.settings, self.cache, self.register, tell, say, self._ended)
        if not self.disabled:
            self.noise.begin()
        self.display.begin(self.register.asked, len(self.kept))

    def _open_journal(self) -> dict[Cell, Record]:
        """Begins a journal on disk, or continues one; gives the records that it holds."""
        folder, settings = self.folder / self.register.machine.name, self.settings
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

    def _surroundings(self) -> EnvironmentEntry:
        """The state of the machine before anything is measured."""
        found = {name: engines.get(name) for name in self.selection.engines}
        return surroundings(found, self.cache.budget.root, self.selection.threads)

    def measure(self, asked: Asked) -> Record:
        assert self.run is not None
        self.noise.between()
        record = self.run.measure(asked)
        most = self.config.option.maxfail  # of -x it is 1
        if most and record.outcome.fails_the_run and asked.cell in self.kept:
            self.config.option.maxfail = most + 1  # what failed before does not end this run
        return record

    def _ended(self, record: Record) -> None:
        """Puts a cell on record, here and on the disk: in all places, whatever comes next."""
        with self.interrupts.held():
            record = self._register(record)
            asked = self.register.asked[record.cell]
            self.display.cell(asked, record)
            if self.file is None:
                return
            try:
                version = engines.get(record.cell.engine).version()
                self.file.append(journal_line(record, version, self.noise.entry()))
            except ResultsError as error:
                self.trouble = str(error)
                pytest.exit(self.trouble, pytest.ExitCode.INTERNAL_ERROR)

    def _register(self, record: Record) -> Record:
        """The record that stands: that of an error where pytest-benchmark refuses the rounds."""
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
        found = asked_by(item)
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
        """Keeps pytest's marks out of our own lines; with -v, its lines say what ours would."""
        record = getattr(report, "enginebench", None)
        if record is None or self.summing_up or self.display.quiet:
            return None
        word = f"{record.outcome}  {detail(record)}" if self.display.verbose else ""
        return str(report.outcome), "", word

    # ------------------------------------------------------------------ the end

    def pytest_benchmark_update_machine_info(self, machine_info: dict[str, Any]) -> None:
        machine_info["node"] = self.register.machine.name  # a host's name is nobody's business

    def pytest_benchmark_generate_commit_info(self) -> dict[str, str]:
        return commit_of(self.config.invocation_params.dir)  # git would do what the folder says

    def pytest_benchmark_update_json(self, output_json: dict[str, Any]) -> None:
        found: dict[str, Any] = {}
        if self.run is not None:
            found["seconds"] = self.run.spent.entry()
        if self.register.environment is not None:
            during = {"load_during": self.noise.load}
            found["environment"] = self.register.environment.model_copy(update=during)
            found["noise"] = self.noise.entry()
        ours = fields(self.register, not self.register.complete).model_copy(update=found)
        output_json.update(as_json(ours))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.display.end()
        self.summing_up = True
        if self.run is None:
            return
        try:
            with self.interrupts.caught():
                self._finish(session, self.run)
        except KeyboardInterrupt:
            self._in_trouble(session, self._where_all_is(), pytest.ExitCode.INTERRUPTED)
        if self.file is not None:
            self.file.close()

    def _finish(self, session: pytest.Session, run: Run) -> None:
        self.noise.end()  # beside the engines' idle processes, as the probes between cells
        run.close()
        if self.file is not None and not self.trouble:
            self._publish(session, self.file)

    def _publish(self, session: pytest.Session, file: JournalFile) -> None:
        """Turns a journal into a results file, and draws the report over all of the folder.

        The journal of a run that was interrupted stays, for one that continues it.
        """
        try:
            results = file.path.with_suffix(".json")
            write(results, self._content())
        except ResultsError as error:
            self._in_trouble(session, f"{error}; {file.advice}")
            return
        self.results = results
        if self.register.complete:
            file.remove()
        self._draw(session)

    def _draw(self, session: pytest.Session) -> None:
        import report  # a second of imports, which collection and usage errors are spared

        index = self.folder / "index.html"
        try:
            files = sorted(self.folder.glob("*/*.json"))
            self.report = report.build(files, index, tell=self.display.say)
            if self.results is not None:
                self.ranking = report.ranking(self.results)
        except (report.ReportError, OSError) as error:
            self._in_trouble(session, f"the report {index} cannot be drawn: {error}")

    def _in_trouble(
        self,
        session: pytest.Session,
        trouble: str,
        code: pytest.ExitCode = pytest.ExitCode.INTERNAL_ERROR,
    ) -> None:
        self.trouble = trouble
        session.exitstatus = code

    def _last_words(self) -> None:
        self.display.last_words(self._where_all_is())

    def _where_all_is(self) -> str:
        """What is left of a run that ends before its results and the report are written."""
        if self.file is None:
            return "interrupted"
        if self.results is not None and self.register.complete:
            return f"interrupted; the results are in {self.results}"
        return (
            f"interrupted; what was measured is in {self.file.path}, and "
            f"`{options.resuming(self.register.command)}` goes on from there"
        )

    def _content(self) -> dict[str, Any]:
        """pytest-benchmark's JSON, also of a run in which nothing could be timed."""
        session = self.config.pluginmanager.getplugin("pytest-benchmark")
        hook, benchmarks = self.config.hook, [entry for entry in session.benchmarks if entry]
        content: dict[str, Any] = hook.pytest_benchmark_generate_json(
            config=self.config,
            benchmarks=benchmarks,
            include_data=True,
            machine_info=session.get_machine_info(),
            commit_info=hook.pytest_benchmark_generate_commit_info(config=self.config),
        )
        hook.pytest_benchmark_update_json(
            config=self.config, benchmarks=benchmarks, output_json=content
        )
        return content

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.run is not None:
            terminalreporter.flush()
            self.display.summary(self.register, self.ranking, self.results, self.report)
            if self.results and not self.register.complete:
                hint = options.resuming(self.register.command)
                self.display.say(f"unfinished; `{hint}` goes on from here")
            self.display.say(self.run.spent.words())
            self.display.warning(self.noise.words())
            for words in overruns(self.register.records.values()):
                self.display.warning(words)
            self.display.trouble(self.trouble)

    def pytest_unconfigure(self) -> None:
        self.display.close()
        self.cache.close()


def _check_results_folder(folder: Path) -> None:
    try:
        check_writable(folder)
    except ResultsError as error:
        raise pytest.UsageError(str(error)) from None


def _cache(limit: int | None) -> Cache:
    try:
        return Cache(limit=limit)
    except DataError as error:
        raise pytest.UsageError(str(error)) from None


def _terminal_file() -> Any:
    """Standard output as it is now, before pytest captures what tests print."""
    with contextlib.suppress(OSError, ValueError):
        descriptor = os.dup(sys.stdout.fileno())
        encoding = sys.stdout.encoding
        return os.fdopen(descriptor, "w", encoding=encoding, errors="replace", buffering=1)
    return sys.stdout
