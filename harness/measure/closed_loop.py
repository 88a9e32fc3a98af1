"""Several clients of an engine at once, in its process: each runs the program again and again.

The loop is closed: a client's next run begins when its last one has ended. What clients do is
counted only while a window of time is open, some time after their first runs: the runs that end in
it count, whenever they began; those that are going on when it closes are waited for. Clients begin
one after another: else all would end together, and the window would hold one run of each, or two.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import TypeVar, cast

from harness.engines.session import Session, Sharing, write_answer
from harness.machine.limits import oom_kills
from harness.machine.messages import Failure
from harness.machine.processtree import Usage
from harness.machine.worker_client import way_of_ending
from harness.machine.worker_server import describe
from harness.measure.requests import Ran, RanClients, RunClients

MOST_KEPT = 50
"""The runs of a window whose seconds are kept: as many as a block has rounds of 5 ms."""
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Run:
    """A run of a client: when it ended (``perf_counter``), its seconds, the rows of its answer."""

    ended: float
    seconds: float
    rows: int


@dataclass(frozen=True)
class _Served:
    """What one client did: its runs, and how many failed, which are not among them, the first why.

    ``answer`` is the file with its last answer, if that was asked for and did not fail.
    """

    runs: tuple[_Run, ...]
    failed: int
    failure: Failure | None
    answer: Path | None


def run_at_once(
    sessions: Sequence[Session], sharing: Sharing, request: RunClients
) -> RanClients | Failure:
    """Has a client run the prepared program with each of the sessions, all at once."""
    usage, began = Usage(), time.perf_counter()
    opens = began + request.warming_seconds
    closes, apart = opens + request.seconds, request.warming_seconds / 2 / len(sessions)
    starts = [began + apart * number for number in range(len(sessions))]
    places = [request.answers and request.answers / f"{n}.arrow" for n in range(len(sessions))]
    loops = [partial(_loop, *each, closes) for each in zip(sessions, places, starts, strict=True)]
    served = _in_processes(loops) if sharing is Sharing.PROCESSES else _in_threads(loops)
    runs = sorted((run for each in served for run in each.runs), key=lambda run: run.ended)
    if failures := [each.failure for each in served if each.failure is not None]:
        failed = sum(each.failed for each in served)
        told = f"{failed} of {failed + len(runs)} runs of {len(sessions)} clients at once failed"
        return replace(failures[0], message=f"{failures[0].message} ({told})")
    cpu_seconds, disk = usage.of_one(len(runs))
    counted = [run for run in runs if opens <= run.ended < closes]
    return RanClients(
        kept=tuple(Ran(run.seconds, cpu_seconds, run.rows, disk) for run in spread(counted)),
        counted=len(counted),
        others=len(runs) - len(counted),
        lead_seconds=max(each.runs[0].ended - at for each, at in zip(served, starts, strict=True)),
        rows=tuple({run.rows for run in runs}),
        answers=tuple(each.answer for each in served if each.answer is not None),
    )


def spread(runs: Sequence[_Run], most: int = MOST_KEPT) -> list[_Run]:
    """Returns the runs or, of too many, those in the middles of ``most`` equal parts by seconds.

    So quantiles stay as they are. The order is that in which they ended.
    """
    if len(runs) <= most:
        return list(runs)
    ranked = sorted(range(len(runs)), key=lambda at: runs[at].seconds)
    kept = sorted(ranked[int((part + 0.5) * len(runs) / most)] for part in range(most))
    return [runs[at] for at in kept]


def _loop(session: Session, place: Path | None, starts: float, closes: float) -> _Served:
    """Runs the program from its start until the window is closed, once at the least.

    The last run has failed, too, if its answer cannot be converted to Arrow.
    """
    time.sleep(max(0.0, starts - time.perf_counter()))
    runs: list[_Run] = []
    failed, failure, result = 0, None, None
    while not (runs or failed) or time.perf_counter() < closes:
        result, began = None, time.perf_counter()
        try:
            result = session.run()
        except BaseException as error:  # engines raise what they like
            failed, failure = failed + 1, failure or describe(error)
        else:
            ended = time.perf_counter()
            runs.append(_Run(ended, ended - began, session.rows(result)))
    answer = None
    if place is not None and result is not None:
        try:
            answer = write_answer(session.to_arrow(result), place)
        except BaseException as error:  # as above
            runs.pop()
            failed, failure = failed + 1, failure or describe(error)
    return _Served(tuple(runs), failed, failure, answer)


def _in_threads(tasks: Sequence[Callable[[], Result]]) -> list[Result]:
    with ThreadPoolExecutor(len(tasks)) as pool:
        return [running.result() for running in [pool.submit(task) for task in tasks]]


def _in_processes(tasks: Sequence[Callable[[], Result]]) -> list[Result]:
    """Runs each task in a fork of this process, and waits for all."""
    fork, running = multiprocessing.get_context("fork"), list[tuple[Connection, ForkProcess]]()
    killed = oom_kills()
    for task in tasks:
        receiver, sender = fork.Pipe(duplex=False)
        process = fork.Process(target=_send, args=(task, sender))
        process.start()
        sender.close()
        running.append((receiver, process))
    received = [_received(*each, killed) for each in running]
    return cast("list[Result]", received)


def _send(task: Callable[[], object], sender: Connection) -> None:
    sender.send(task())


def _received(receiver: Connection, process: ForkProcess, killed: int) -> object:
    """Returns what a process sent, once it has ended.

    If it sent nothing, raises MemoryError if the system killed it for memory, for which it had
    killed so many processes before; else RuntimeError.
    """
    try:
        result = receiver.recv()
    except EOFError:
        process.join()
        how = way_of_ending(process.exitcode or 0)
        if process.exitcode == -signal.SIGKILL and oom_kills() > killed:
            raise MemoryError(f"out of memory: a client's process {how}") from None
        raise RuntimeError(f"a client's process {how}") from None
    process.join()
    return result
