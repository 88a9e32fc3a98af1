"""Sets up a run of ``pytest --benchmark``: its three parts, and what they share."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from harness import engines
from harness.data.cache import Cache
from harness.engines.own_environment import InOwnEnvironment
from harness.errors import CannotInstall, DataError, ResultsError
from harness.machine.facts import this_machine
from harness.machine.interrupts import Interrupts
from harness.machine.noise import Noise, Probe
from harness.run import options
from harness.run.budget import Budget
from harness.run.collect import Collecting
from harness.run.pages import Pages
from harness.run.publishing import Publishing
from harness.run.results import Register, check_writable
from harness.run.running import Running
from harness.run.terminal import Display
from harness.workload.reader import Reader


def register_parts(config: pytest.Config, reader: Reader) -> None:
    """Registers the plugin's three parts, which collect, run and publish, with pytest.

    Raises UsageError for invalid options.
    """
    options.refuse_what_cannot_be(config)
    # pytest-benchmark asks a child process for the CPU; a json.py here is no part of Python.
    os.environ["PYTHONSAFEPATH"] = "1"
    settings = options.settings(config)
    selection = options.selection(config)
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = [str(options.workloads_folder(config))]
    results = options.base_folder(config) / config.getoption("results")
    if not config.getoption("collectonly"):
        _check_results_folder(results)
    cache = _cache(options.cache_limit(config))
    display = Display(_terminal_file(), config.get_verbosity())
    _make_environments(selection.engines, display)
    register = Register(this_machine(), options.repeated(config))
    noise = Noise(Probe(max(selection.threads)))
    interrupts = Interrupts(lambda: publishing.last_words())
    budget = Budget(options.budget(config))
    pages = Pages(results, budget)
    running = Running(
        config, settings, cache, results, register, budget, display, noise, interrupts, pages
    )
    publishing = Publishing(running)
    collecting = Collecting(config, reader, cache, selection, register, running, display)
    for part in (collecting, running, publishing, interrupts):
        config.pluginmanager.register(part, f"enginebench-{type(part).__name__.lower()}")
    interrupts.watch()


def _make_environments(names: Iterable[str], display: Display) -> None:
    """Makes the environments of engines that need one of their own, before anything is timed.

    An engine whose environment cannot be made is unavailable; each of its cells says so.
    """
    for engine in map(engines.get, names):
        if isinstance(engine, InOwnEnvironment):
            with contextlib.suppress(CannotInstall):
                engine.home(display.say)
            if warning := engine.untried():
                display.warning(warning)


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
    """Returns a file that prints to the terminal even while pytest captures standard output."""
    with contextlib.suppress(OSError, ValueError):
        descriptor = os.dup(sys.stdout.fileno())
        encoding = sys.stdout.encoding
        return os.fdopen(descriptor, "w", encoding=encoding, errors="replace", buffering=1)
    return sys.stdout
