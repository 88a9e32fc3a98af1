"""Reads the plugin's command line: what to run, and how to measure it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

import pytest

from harness import engines
from harness.errors import UnknownEngine
from harness.machine.facts import usable_cores
from harness.machine.limits import default_memory_limit
from harness.measure.pool import Settings, default_together_limit
from harness.measure.rounds import Rounds
from harness.records.bounds import MOST_CLIENTS
from harness.tables import Input
from harness.words import (
    is_utf8,
    parse_bytes,
    parse_seconds,
    suggestion,
    visible,
    without_secrets,
)
from harness.workload.cells import Selection

DEFAULT_BUDGET = "3m"
FEWEST_BYTES = 1_000_000
"""A plain number of fewer bytes lacks its unit."""
MOST_SECONDS = 10_000_000
"""The longest time limit of a cell, which clocks and results files can hold."""
_OF_TABLES = tuple(
    f"--benchmark-{name}"
    for name in (
        *("columns", "sort", "group-by", "name", "verbose", "histogram", "cprofile"),
        *("compare", "compare-fail"),
    )
)
"""pytest-benchmark's options that change what its tables show."""


def refuse_what_cannot_be(config: pytest.Config) -> None:
    """Raises UsageError for a command line that cannot be run as a benchmark.

    Its arguments, and pytest's root folder, must be UTF-8. Parallel tests (``-n``),
    --benchmark-skip, and --benchmark-disable with --resume are refused.
    """
    for text in (config.rootpath, *config.invocation_params.args):
        if not is_utf8(text):
            raise pytest.UsageError(f"{visible(str(text))!r} is not UTF-8; rename it")
    if config.getoption("dist", "no") != "no":
        raise pytest.UsageError("cells are measured one at a time; leave out -n and --dist")
    if config.getoption("benchmark_skip"):
        raise pytest.UsageError("--benchmark-skip would leave nothing to run; leave it out")
    if disabled(config) and config.getoption("resume"):
        raise pytest.UsageError("--benchmark-disable measures nothing that --resume could continue")


def disabled(config: pytest.Config) -> bool:
    """True if programs are run once and checked, and not timed: ``--benchmark-disable``."""
    return bool(config.getoption("benchmark_disable") and not config.getoption("benchmark_enable"))


def base_folder(config: pytest.Config) -> Path:
    """Returns the folder that relative paths start from: that of pytest's configuration file.

    Without such a file it is the working folder. pytest's own rootdir is not used: it may then be
    any folder that the command line names, for example that of ``--results FOLDER``.
    """
    return config.rootpath if config.inipath else config.invocation_params.dir


def workloads_folder(config: pytest.Config) -> Path:
    folder: Path = base_folder(config) / config.getoption("workloads_dir")
    if not folder.is_dir():
        raise pytest.UsageError(
            f"there is no folder {folder}; give a workload file, or --workloads-dir"
        )
    return folder


def is_sample(config: pytest.Config) -> bool:
    """True if the command line does not select queries, so that a sample of them is run."""
    option = config.option
    chosen = (option.keyword, option.markexpr, option.deselect, getattr(option, "lf", False))
    by_path = config.args_source is pytest.Config.ArgsSource.ARGS
    return not (by_path or any(chosen) or config.getoption("full"))


def budget(config: pytest.Config) -> float:
    """Returns the seconds that the run may take: ``--budget``, or else DEFAULT_BUDGET.

    Raises UsageError if --budget is no time, such as ``90s`` or ``5m``.
    """
    text = config.getoption("budget") or DEFAULT_BUDGET
    try:
        return parse_seconds(text)
    except ValueError as error:
        raise pytest.UsageError(f"--budget {error}") from None


def selection(config: pytest.Config) -> Selection:
    sizes = _listed(config.getoption("size"))
    if not sizes:
        raise pytest.UsageError("--size names no size; for example --size small")
    limits = _memory_limits(config)
    return Selection(
        engines=_engines(config.getoption("engines")),
        sizes=sizes,
        threads=_threads(config),
        inputs=_inputs(config.getoption("input")),
        sampled=is_sample(config),
        memory_limits=limits if len(limits) > 1 else (None,),
        clients=_clients(config),
    )


def _threads(config: pytest.Config) -> tuple[int, ...]:
    listed = _listed(config.getoption("threads"))
    for text in listed:
        if not text.isdecimal() or int(text) < 1:
            raise pytest.UsageError(f"--threads must be at least 1, not {text}")
    numbers, cores = tuple(dict.fromkeys(map(int, listed))), usable_cores()
    if max(numbers, default=0) > cores:
        raise pytest.UsageError(
            f"--threads {max(numbers)} is more than the {cores} cores that may be used here: "
            f"--threads {cores}"
        )
    return numbers or (cores,)


def _clients(config: pytest.Config) -> tuple[int | None, ...]:
    """Returns the numbers of clients that ``--clients`` gives; None in the place of 1 alone."""
    listed = _listed(config.getoption("clients"))
    for text in listed:
        if not text.isdecimal() or not 1 <= int(text) <= MOST_CLIENTS:
            raise pytest.UsageError(f"--clients must be 1 to {MOST_CLIENTS}, not {text}")
    numbers = tuple(dict.fromkeys(map(int, listed)))
    return (None,) if numbers in ((), (1,)) else numbers


def _memory_limits(config: pytest.Config) -> tuple[int, ...]:
    """Returns the bytes of each limit that ``--memory-limit`` gives, or the default alone."""
    name = "--memory-limit"
    texts = _listed(config.getoption("memory_limit"))
    limits = (limit for text in texts if (limit := _bytes(name, text)) is not None)
    return tuple(dict.fromkeys(limits)) or (default_memory_limit(),)


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


def _engines(text: str | None) -> tuple[str, ...]:
    """Returns the engines of a list, by name or as ``module:Class``; without a list the default.

    Raises UsageError for an engine that cannot be loaded.
    """
    names = _listed(text) or engines.by_default()
    for name in names:
        try:
            engines.get(name)
        except UnknownEngine as error:
            raise pytest.UsageError(f"--engines: {error}") from None
    return names


def _inputs(text: str | None) -> tuple[Input, ...]:
    kinds = [str(kind) for kind in Input]
    for name in _listed(text):
        if name not in kinds:
            raise pytest.UsageError(f"--input {name!r}: {suggestion(name, kinds, 'inputs')}")
    return tuple(Input(name) for name in _listed(text))


def settings(config: pytest.Config) -> Settings:
    """Returns the settings by which cells are measured, from the options on the command line.

    The number of rounds and their time come from pytest-benchmark's options.
    """
    timeout = config.getoption("cell_timeout")
    if not 0 < timeout <= MOST_SECONDS:
        told = f"must be more than 0 seconds, and {MOST_SECONDS:,} at most, not {timeout:g}"
        raise pytest.UsageError(f"--timeout {told}")
    return Settings(
        threads=max(_threads(config)),
        scratch=Path(),
        timeout=timeout,
        memory_limit=max(_memory_limits(config)),
        together_limit=_together_limit(config),
        cold_process=config.getoption("cold_process"),
        drop_caches=config.getoption("drop_caches"),
        rounds=Rounds(0, 0) if disabled(config) else _rounds(config),
        connect=connections(config),
        gpu_memory_limit=_bytes("--gpu-memory-limit", config.getoption("gpu_memory_limit")),
    )


def cache_limit(config: pytest.Config) -> int | None:
    """Returns the cache's limit in bytes; None if the command line has none."""
    return _bytes("--cache-limit", config.getoption("cache_limit"))


def connections(config: pytest.Config) -> dict[str, str]:
    """Returns addresses of clusters by engine, from ``--connect dask=tcp://127.0.0.1:8786``."""
    addresses, given = dict[str, str](), config.getoption("connect")
    engines.get.cache_clear()  # an earlier run of this process may have had addresses
    able = [engine for engine in engines.names() if engines.get(engine).connects] if given else []
    for text in given:
        name, _, address = text.partition("=")
        if name not in able or not address:
            shown = without_secrets(text) if "://" in text else "…"
            raise pytest.UsageError(
                f"--connect {shown!r}: give ENGINE=ADDRESS with one of "
                f"{', '.join(able)}, for example dask=tcp://127.0.0.1:8786"
            )
        if "@" in address and "://" not in address and "=" not in address:
            raise pytest.UsageError(  # whose password would be found by no rule
                f"--connect {name}=…: an address with a user begins with its scheme, as in "
                "postgresql://me@127.0.0.1:5432/bench"
            )
        addresses[name] = engines.get(name).address = address
    return addresses


def _together_limit(config: pytest.Config) -> int:
    text = config.getoption("together_limit")
    if text == "0":
        return 0  # engines never take turns
    return _bytes("--together-limit", text) or default_together_limit()


def _rounds(config: pytest.Config) -> Rounds:
    """Returns the limits of rounds; by default their seconds are 10, or all of a given --budget."""
    fewest = int(config.getoption("benchmark_min_rounds"))
    given = _is_set(config, "--benchmark-max-time")
    default = budget(config) if config.getoption("budget") else Rounds.seconds
    seconds = float(config.getoption("benchmark_max_time")) if given else default
    processes = config.getoption("processes")
    if processes < 1:
        raise pytest.UsageError(f"--processes must be at least 1, not {processes}")
    return Rounds(fewest, max(fewest, Rounds.most), seconds, processes)


def shows_tables(config: pytest.Config) -> bool:
    """True if pytest-benchmark shows its tables: with -v, or with an option about these tables."""
    return config.get_verbosity() > 0 or any(_is_set(config, option) for option in _OF_TABLES)


def _is_set(config: pytest.Config, option: str) -> bool:
    """True if an option is on the command line, in ``addopts`` or in PYTEST_ADDOPTS.

    The value alone does not show whether the user gave the option: pytest-benchmark's default of
    --benchmark-max-time is 1 second, and the harness has another default.
    """
    preset = [*config.getini("addopts"), *shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))]
    arguments = [*preset, *config.invocation_params.args]
    return any(str(argument).partition("=")[0] == option for argument in arguments)


def basis(config: pytest.Config) -> dict[str, Any]:
    """Returns the options on which records depend, such as --memory-limit, by name.

    The values are those that the user gave, passwords left out; others are None, since defaults may
    change.
    """
    names = ("memory_limit", "gpu_memory_limit", "together_limit", "cold_process", "drop_caches")
    connect = tuple(sorted(map(without_secrets, config.getoption("connect"))))
    return {**{name: config.getoption(name) for name in names}, "connect": connect}


def _bytes(option: str, text: str | None) -> int | None:
    try:
        count = None if text is None else parse_bytes(text)
    except ValueError as error:
        raise pytest.UsageError(f"{option} {error}") from None
    if count is not None and text is not None and text.isdigit() and count < FEWEST_BYTES:
        raise pytest.UsageError(f"{option} {text} is {text} bytes; did you mean {text}GB?")
    return count


def repeated(config: pytest.Config) -> str:
    """Returns the command line that repeats a run, without passwords."""
    return shlex.join(["pytest", *map(without_secrets, map(str, config.invocation_params.args))])


def resuming(command: str) -> str:
    """Returns the command line that continues an interrupted run of ``command``."""
    return command if "--resume" in shlex.split(command) else f"{command} --resume"
