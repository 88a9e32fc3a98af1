"""The pytest plugin: ``--benchmark`` measures workloads; without it, pytest is left as it is.

With two exceptions. A YAML file that the command line names, and no plugin collects, is answered by
the command that runs it. And pytest-benchmark runs git for a commit whenever pytest starts, and git
runs what a folder's ``.git/config`` names: if this plugin is loaded first (``-p enginebench``), the
commit is read from files instead.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest
from pytest_benchmark import utils

from harness.errors import HarnessError
from harness.machine.commit import commit_of
from harness.run.own_report import find_report

DEFAULT_TIMEOUT_SECONDS = 300.0


def _timeout_names() -> list[str]:
    """Returns the names of the option that limits a cell's seconds.

    They are ``--timeout`` and ``--cell-timeout``; only the second if pytest-timeout is installed,
    which has a ``--timeout`` of its own.
    """
    taken = importlib.util.find_spec("pytest_timeout") is not None
    return ["--cell-timeout"] if taken else ["--timeout", "--cell-timeout"]


def _tag() -> str:
    """Returns ``--benchmark-autosave``'s file name for results: the commit and the time.

    pytest-benchmark needs it whenever pytest starts, since ``--help`` shows it.
    """
    return f"{commit_of(Path.cwd())['id']}_{datetime.now(UTC):%Y%m%d_%H%M%S}"


setattr(utils, "get_tag", _tag)  # noqa: B010 - before pytest-benchmark's plugin imports it


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Makes ``report`` this project's package, before a ``conftest.py`` changes the path."""
    if early_config.known_args_namespace.benchmark:
        try:
            find_report()
        except HarnessError as error:
            raise pytest.UsageError(str(error)) from error


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("benchmark"):
        if sys.platform == "win32":
            raise pytest.UsageError("engines are measured on Linux and macOS; here, use WSL 2")
        setattr(utils, "get_project_name", lambda: Path.cwd().name)  # noqa: B010 - asks git, hg
        from harness.workload.reader import Reader

        reader = Reader()  # begins to start, beside imports that take as long
        config.add_cleanup(reader.close)
        from harness.run.session import register_parts  # a second that ordinary tests are spared

        register_parts(config, reader)


class NotBenchmarked(pytest.File):
    """A YAML file named without ``--benchmark``; collecting it fails and says how to run it."""

    def collect(self) -> NoReturn:
        name = os.path.relpath(self.path, self.config.invocation_params.dir)
        raise self.CollectError(f"a workload is run by: pytest --benchmark {name}")


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Generator[None, Any, Any]:
    """Returns a NotBenchmarked for a YAML file that is named and that no other plugin collects."""
    found = yield
    named = file_path.suffix in (".yaml", ".yml") and parent.session.isinitpath(file_path)
    if named and not found and not parent.config.getoption("benchmark"):
        return [NotBenchmarked.from_parent(parent, path=file_path)]
    return found


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("enginebench", "comparison of dataframe engines")
    group.addoption(
        "--benchmark",
        action="store_true",
        help="Run workloads (YAML files) on every engine instead of the tests.",
    )
    group.addoption(
        "--budget",
        metavar="TIME",
        help="What the run may take, such as 90s, 3m or 1h: every cell is run cold, checked and "
        "timed once at the least; what is left goes where intervals are widest. Default: 3m",
    )
    group.addoption(
        "--full",
        action="store_true",
        help="Run all queries of the standard workloads. Default, where no path and no -k says "
        "what to run: a sample of them.",
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
        metavar="NUMBERS",
        help="Threads for every engine; several numbers, separated by commas, are measured one by "
        "one. Default: all cores that may be used.",
    )
    group.addoption(
        *_timeout_names(),
        dest="cell_timeout",
        type=float,
        metavar="SECONDS",
        default=DEFAULT_TIMEOUT_SECONDS,
        help="Limit for all runs of one cell. Default: %(default)s",
    )
    group.addoption(
        "--memory-limit",
        metavar="SIZES",
        help="Limit for each engine's processes, such as 8GB; several, separated by commas, are "
        "measured one by one. Default: 80%% of what is available.",
    )
    group.addoption(
        "--clients",
        metavar="NUMBERS",
        help="How many clients run each query at once, such as 8; several numbers, separated by "
        "commas, are measured one by one. Default: 1",
    )
    group.addoption(
        "--gpu-memory-limit",
        metavar="SIZE",
        help="What each engine may allocate on a GPU, such as 12GB, to stand for a smaller card. "
        "Default: all of it.",
    )
    group.addoption(
        "--together-limit",
        metavar="SIZE",
        help="Engines take turns, round by round, where their loaded tables are not more than this "
        "together; 0 for never. Default: half of the memory.",
    )
    group.addoption(
        "--cache-limit",
        metavar="SIZE",
        help="What generated data, copies of files and right answers may take on the disk, such as "
        "20GB; the oldest go first. Default: 50 GB, or half of what the disk could hold where that "
        "is less.",
    )
    group.addoption(
        "--cold-process",
        action="store_true",
        help="Run every program cold in a fresh process, also for input: memory, where all tables "
        "are loaded anew for it. Programs that read files always are.",
    )
    group.addoption(
        "--processes",
        type=int,
        metavar="NUMBER",
        default=1,
        help="Spread a cell's hot rounds over at least so many processes of its engine, one after "
        "another, if the budget allows: what stays with a process, such as where its memory lies, "
        "then averages out. Default: %(default)s",
    )
    group.addoption(
        "--drop-caches",
        action="store_true",
        help="Before a cold run, evict the files that it reads from the system's page cache.",
    )
    group.addoption(
        "--resume",
        action="store_true",
        help="Continue the last run of this command that was killed or interrupted.",
    )
    group.addoption(
        "--connect",
        metavar="ENGINE=ADDRESS",
        action="append",
        default=[],
        help="Run an engine on a cluster that is running already: dask=tcp://127.0.0.1:8786.",
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
