"""The pytest plugin: ``pytest --benchmark`` collects workloads and measures their cells."""

from __future__ import annotations

import os
import shlex
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import harness.engines
import report
from harness.errors import HarnessError, ResultsError
from harness.limits import default_memory_limit
from harness.machine import this_machine, usable_cores
from harness.outcome import Outcome, Record
from harness.pool import Settings
from harness.results import Journal, check_writable, extra_info, fields, results_file, write
from harness.run import Run
from harness.spelling import suggestion
from harness.suite import Asked, Selection, asked
from harness.tables import Input
from harness.terminal import Display

DEFAULT_TIMEOUT_SECONDS = 300.0


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("enginebench", "comparison of dataframe engines")
    group.addoption(
        "--benchmark",
        action="store_true",
        help="Run workloads (YAML files) on every engine instead of the tests.",
    )
    group.addoption(
        "--engines",
        metavar="NAMES",
        help="Engines to run, separated by commas. Default: all; `harness doctor` lists them.",
    )
    group.addoption(
        "--size",
        metavar="NAMES",
        default="small",
        help="Sizes of generated data, separated by commas. Default: %(default)s",
    )
    group.addoption(
        "--input",
        metavar="KINDS",
        help="Where the timed work starts: memory, parquet or csv, separated by commas. "
        "Default: what each workload says.",
    )
    group.addoption(
        "--threads",
        type=int,
        metavar="N",
        help="Threads for every engine. Default: all cores that may be used.",
    )
    group.addoption(
        "--timeout",
        type=float,
        metavar="SECONDS",
        default=DEFAULT_TIMEOUT_SECONDS,
        help="Limit for all runs of one cell. Default: %(default)s",
    )
    group.addoption(
        "--memory-limit",
        metavar="SIZE",
        help="Limit for each engine's processes, such as 8GB. Default: 80%% of what is available.",
    )
    group.addoption(
        "--workloads-dir",
        metavar="FOLDER",
        default="workloads",
        help="Folder of the workloads that run where no path is given. Default: %(default)s",
    )
    group.addoption(
        "--results",
        metavar="FOLDER",
        default="results",
        help="Folder for results files and the report. Default: %(default)s",
    )


@pytest.hookimpl(trylast=True)  # after pytest-benchmark's session is there
def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("benchmark"):
        return
    selection, settings = _selection(config), _settings(config)
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = [str(_workloads_folder(config))]
    plugin = Benchmark(config, selection, settings)
    config.pluginmanager.register(plugin, "enginebench-run")


def _workloads_folder(config: pytest.Config) -> Path:
    folder = config.rootpath / config.getoption("workloads_dir")
    if not folder.is_dir():
        raise pytest.UsageError(
            f"there is no folder {folder}; give a workload file, or --workloads-dir"
        )
    return folder


def _selection(config: pytest.Config) -> Selection:
    threads = config.getoption("threads")
    if threads is not None and threads < 1:
        raise pytest.UsageError(f"--threads must be at least 1, not {threads}")
    return Selection(
        engines=_engines(config.getoption("engines")),
        sizes=_listed(config.getoption("size")),
        threads=threads or usable_cores(),
        inputs=_inputs(config.getoption("input")),
    )


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


def _engines(text: str | None) -> tuple[str, ...]:
    known = harness.engines.names()
    for name in _listed(text):
        if name not in known and ":" not in name:
            hint = suggestion(name, known, "engines")
            raise pytest.UsageError(f"there is no engine {name!r}; {hint}")
    return _listed(text) or known


def _inputs(text: str | None) -> tuple[Input, ...]:
    kinds = [str(kind) for kind in Input]
    for name in _listed(text):
        if name not in kinds:
            raise pytest.UsageError(f"--input {name!r}: {suggestion(name, kinds, 'inputs')}")
    return tuple(Input(name) for name in _listed(text))


def _settings(config: pytest.Config) -> Settings:
    timeout = config.getoption("timeout")
    if not timeout > 0:
        raise pytest.UsageError(f"--timeout must be more than 0 seconds, not {timeout:g}")
    min_rounds = int(config.getoption("benchmark_min_rounds"))
    return Settings(
        threads=config.getoption("threads") or usable_cores(),
        scratch=Path(),
        timeout=timeout,
        memory_limit=_bytes(config.getoption("memory_limit")) or default_memory_limit(),
        min_rounds=min_rounds,
        max_rounds=max(Settings.max_rounds, min_rounds),
        max_seconds=float(config.getoption("benchmark_max_time")),
    )


_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def _bytes(text: str | None) -> int | None:
    """``8GB``, ``8 G``, ``512MiB`` or a plain number of bytes."""
    if text is None:
        return None
    plain = text.strip().upper().removesuffix("B")
    binary = plain.endswith("I")
    plain = plain.removesuffix("I")
    unit = plain[-1:] if plain[-1:] in _UNITS and not plain[-1:].isdigit() else ""
    try:
        size = float(plain.removesuffix(unit)) * _UNITS[unit]
    except ValueError:
        raise pytest.UsageError(f"--memory-limit {text!r} is not a size, such as 8GB") from None
    if binary and unit:
        size *= (1024 / 1000) ** " KMGT".index(unit)
    if size <= 0:
        raise pytest.UsageError("--memory-limit must be more than 0")
    return int(size)


def _benchmark_session(config: pytest.Config) -> Any:
    return config.pluginmanager.getplugin("pytest-benchmark")


class VirtualClock:
    """A timer for pytest-benchmark that the workers' own readings move on."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


class Benchmark:
    """The plugin's part that exists only under ``--benchmark``: one run, from collection to report."""

    def __init__(self, config: pytest.Config, selection: Selection, settings: Settings) -> None:
        self.config, self.selection, self.settings = config, selection, settings
        self.folder = config.rootpath / config.getoption("results")
        self.clock = VirtualClock()
        self.display = Display(_terminal_file(), quiet=config.get_verbosity() < 0)
        self.journal = Journal(this_machine(), _command(config))
        self.run: Run | None = None
        self.results: Path | None = None
        self.report: Path | None = None
        self.trouble = ""
        if not config.getoption("collectonly"):
            self._check_results_folder()

    def _check_results_folder(self) -> None:
        try:
            check_writable(self.folder)
        except ResultsError as error:
            raise pytest.UsageError(str(error)) from None

    # ------------------------------------------------------------------ collection

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> WorkloadFile | None:
        if file_path.suffix not in (".yaml", ".yml"):
            return None
        return WorkloadFile.from_parent(parent, path=file_path, benchmark=self)

    def pytest_report_header(self) -> list[str]:
        engines = ", ".join(self.selection.engines)
        machine = self.journal.machine
        memory = f"{machine.memory_bytes / 2**30:.0f} GiB"
        return [
            f"enginebench: {engines}; {self.selection.threads} threads",
            f"machine: {machine.cpu}, {machine.logical_cores} cores, {memory}",
        ]

    @pytest.hookimpl(trylast=True)  # after -k and -m have chosen
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            if found := _asked_by(item):
                self.journal.asked[found.cell] = found

    # ------------------------------------------------------------------ running

    def pytest_runtestloop(self, session: pytest.Session) -> None:
        if session.config.getoption("collectonly") or session.testsfailed:
            return
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter.showfspath = False  # our own lines say more than dots do
        self.run = Run(self.settings, self.journal, self.display.progress, self.display.say)
        self.display.begin(len(self.journal.asked))

    def measure(self, found: Asked) -> Record:
        assert self.run is not None
        record = self.run.measure(found)
        self.display.cell(found, record)
        return record

    def replay(self, record: Record, benchmark: Any) -> None:
        """Hands the rounds of an ``ok`` record to pytest-benchmark."""
        version = harness.engines.get(record.cell.engine).version()
        benchmark.extra_info.update(extra_info(record, version))
        if not record.rounds:
            return
        seconds = iter([r.seconds for r in record.rounds])
        benchmark.pedantic(lambda: self.clock.advance(next(seconds)), rounds=len(record.rounds))

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Keeps pytest from printing dots between the cells' own lines."""
        if report.when == "call" or report.outcome == "skipped":
            return str(report.outcome), "", ""
        return None

    # ------------------------------------------------------------------ the end

    def pytest_benchmark_update_json(self, output_json: dict[str, Any]) -> None:
        interrupted = len(self.journal.records) < len(self.journal.asked)
        output_json.update(fields(self.journal, interrupted))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.display.end()
        if self.run is None:
            return
        self.run.close()
        try:
            results = results_file(self.folder, self.journal)
            write(results, self._content())
            self.results = results
            self.report = report.build(
                sorted(self.folder.glob("*/*.json")), self.folder / "index.html"
            )
        except (HarnessError, report.ReportError) as error:
            self.trouble = str(error)
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    def _content(self) -> dict[str, Any]:
        """pytest-benchmark's JSON, also of a run in which nothing could be timed."""
        session, hook = _benchmark_session(self.config), self.config.hook
        benchmarks = [entry for entry in session.benchmarks if entry]
        commit = hook.pytest_benchmark_generate_commit_info(config=self.config)
        content: dict[str, Any] = hook.pytest_benchmark_generate_json(
            config=self.config,
            benchmarks=benchmarks,
            include_data=True,
            machine_info=session.get_machine_info(),
            commit_info=commit,
        )
        hook.pytest_benchmark_update_json(
            config=self.config, benchmarks=benchmarks, output_json=content
        )
        return content

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.journal.asked and self.run is not None:
            terminalreporter.flush()
            self.display.summary(self.journal, self.results, self.report)
            self.display.trouble(self.trouble)


def _terminal_file() -> Any:
    """Standard output as it is now, before pytest captures what tests print."""
    try:
        descriptor = os.dup(sys.stdout.fileno())
    except (OSError, ValueError):
        return sys.stdout
    return os.fdopen(descriptor, "w", encoding=sys.stdout.encoding, errors="replace", buffering=1)


def _command(config: pytest.Config) -> str:
    return shlex.join(["pytest", *config.invocation_params.args])


class WorkloadFile(pytest.Module):
    """A workload file as a module whose test functions are its queries."""

    def __init__(self, *, benchmark: Benchmark, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.benchmark = benchmark

    def _getobj(self) -> types.ModuleType:
        module = types.ModuleType(self.path.stem)
        cells = asked(self.path, self.benchmark.selection)
        for query in dict.fromkeys(a.query.name for a in cells):
            own = [a for a in cells if a.query.name == query]
            setattr(module, query, _test_function(query, module.__name__, own, self.benchmark))
        return module

    def istestfunction(self, obj: object, name: str) -> bool:
        return isinstance(obj, types.FunctionType)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:
        if isinstance(excinfo.value, HarnessError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)


def _test_function(
    name: str, module: str, cells: Sequence[Asked], run: Benchmark
) -> Callable[..., None]:
    """The test of one query, parametrized over its cells."""

    by_parameters = {_key(found): found for found in cells}

    def measure_cell(benchmark: Any, engine: str, input: str, size: str) -> None:
        record = run.measure(by_parameters[engine, input, size])
        if record.outcome.fails_the_run:
            benchmark.has_error = True
            reason = f"{record.outcome}: {record.reason}"
            benchmark.pedantic(pytest.fail, args=(reason,), kwargs={"pytrace": False})
        if record.outcome is not Outcome.OK:
            pytest.skip(f"{record.outcome}: {record.reason}")
        run.replay(record, benchmark)

    measure_cell.__name__ = measure_cell.__qualname__ = name
    measure_cell.__module__ = module
    measure_cell.asked = by_parameters  # type: ignore[attr-defined]
    parameters = list(_parameters(cells, run.clock))
    return pytest.mark.parametrize(("engine", "input", "size"), parameters)(measure_cell)


def _key(found: Asked) -> tuple[str, str, str]:
    return found.cell.engine, str(found.cell.input), found.cell.size


def _parameters(cells: Sequence[Asked], clock: VirtualClock) -> Iterator[Any]:
    for found in cells:
        cell = found.cell
        group = f"{cell.workload}::{cell.query} {cell.input} {cell.size}"
        mark = pytest.mark.benchmark(group=group, timer=clock)
        yield pytest.param(*_key(found), id=cell.parameters, marks=mark)


def _asked_by(item: pytest.Item) -> Asked | None:
    """The cell that an item measures, if it is one of ours."""
    cells = getattr(getattr(item, "function", None), "asked", None)
    if cells is None:
        return None
    params = item.callspec.params  # type: ignore[attr-defined]
    found: Asked = cells[params["engine"], params["input"], params["size"]]
    return found
