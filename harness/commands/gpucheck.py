"""The command ``harness gpucheck``: runs all GPU engines on every workload, in growing parts.

First tiny data, then every workload at small, then group-by and join at medium and large beside CPU
engines. Each part writes its results before the next begins. When the time is over, the part that
runs is interrupted as by Ctrl-C, and keeps what it measured. Other arguments go to pytest. Without
a GPU it prints what is missing, and exits with 1.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness import engines
from harness.engines.gpu import GpuEngine
from harness.machine.gpu.discovery import NoGpu, usable_gpu

CPU_ENGINES = ("duckdb", "pandas", "polars")
"""CPU engines run beside the GPU engines, to show from which size on a GPU pays."""
ENDING_SECONDS = 45.0
"""The time that an interrupted run has to write its results and its page."""


@dataclass(frozen=True)
class CheckPart:
    """A part of the check: one run of pytest on some workloads at one size.

    Each cell gets at most ``seconds`` of rounds. ``beside`` are engines that run beside those on
    GPUs.
    """

    workloads: tuple[str, ...]
    size: str
    seconds: float
    beside: tuple[str, ...] = ()

    def command(self, names: Sequence[str], options: Sequence[str]) -> list[str]:
        files = [f"workloads/{name}.yaml" for name in self.workloads]
        selection = ["--engines", ",".join([*names, *self.beside]), "--size", self.size]
        budget = ["--budget", "24h", "--benchmark-max-time", f"{self.seconds:g}"]
        return [
            *(sys.executable, "-m", "pytest", "--benchmark"),
            *selection,
            *budget,
            *options,
            *files,
        ]


PARTS = {
    "tiny": CheckPart(("groupby", "join", "etl", "tpch"), "tiny", 0.05),
    "small": CheckPart(("groupby", "join", "etl", "tpch", "flights"), "small", 0.5),
    "medium": CheckPart(("groupby", "join"), "medium", 1.0, CPU_ENGINES),
    "large": CheckPart(("groupby", "join"), "large", 1.0, CPU_ENGINES),
}


def gpu_engines() -> list[str]:
    """Returns the names of the engines on GPUs that run by default."""
    named = ((name, engines.get(name)) for name in engines.names())
    return [name for name, one in named if isinstance(one, GpuEngine) and one.by_default]


def main(
    arguments: Sequence[str],
    run: Callable[[Sequence[str], float], int] | None = None,
) -> int:
    """Runs the parts of the check; returns their greatest exit code, or 1 if there is no GPU.

    ``run`` is for tests: it is called for a part's command and seconds, and returns an exit code.
    """
    parsed, options = _parser().parse_known_args(arguments)
    try:
        print(usable_gpu(), flush=True)
    except NoGpu as error:
        print(f"no GPU engine can run: {error}", file=sys.stderr)
        return 1
    deadline, codes = time.monotonic() + parsed.seconds, [0]
    for name in parsed.parts:
        left = deadline - time.monotonic()
        if left <= 0:
            print(f"no time is left for {name}", flush=True)
            continue
        print(f"== {name}, {left:.0f} s left", flush=True)
        codes.append((run or interrupted_after)(PARTS[name].command(gpu_engines(), options), left))
    return max(codes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="harness gpucheck",
        description="All GPU engines on every workload, part by part. Other options go to pytest.",
    )
    parser.add_argument("--seconds", type=float, default=420.0, help="default: %(default)g, in all")
    parser.add_argument(
        "--parts",
        type=_parts,
        default=list(PARTS),
        metavar="NAMES",
        help=f"of {', '.join(PARTS)}, separated by commas; default: all",
    )
    return parser


def _parts(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in PARTS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(PARTS)}")
    return names


def interrupted_after(command: Sequence[str], seconds: float) -> int:
    """Runs a command, and interrupts it after ``seconds``; returns its exit code."""
    process = subprocess.Popen(command)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        print(f"interrupted: {seconds:.0f} s are over", flush=True)
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(ENDING_SECONDS)
        process.kill()
        return process.wait()
