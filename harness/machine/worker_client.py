"""The parent's side of a worker: sends requests, returns replies, and raises how a worker ended.

A worker is a child process that answers requests; its own side is ``worker_server.py``.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import site
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import psutil

from harness.errors import (
    WorkerDied,
    WorkerFailed,
    WorkerOutOfDisk,
    WorkerOutOfMemory,
    WorkerTimeout,
    WorkerUnsupported,
)
from harness.machine.closing import Closing
from harness.machine.limits import oom_kills
from harness.machine.messages import (
    Failure,
    FailureKind,
    Request,
    Unreadable,
    decode_reply,
    encode,
    take,
)
from harness.machine.oom import says_out_of_memory
from harness.machine.processtree import GONE, MARK, kill_tree
from harness.machine.sampling import Sampler
from harness.machine.variables import PROCESS
from harness.words import format_bytes

GLANCE_SECONDS = 0.25
"""The time between checks of a silent worker: a process it forked may keep its pipe open."""
LEAST_FREE_BYTES = 5 * 10**9
"""What a worker must leave free on its disk; at most half of what is free at its start."""
FAREWELL_SECONDS = 2.0
CLOSED = -1
"""In the place of a file descriptor."""
LOG_TAIL_LINES = 10
LOG_TAIL_BYTES = 4000
NOISE = "Extension modules: "
"""The start of a long line of names at the end of Python's crash report."""


Reply = TypeVar("Reply")


class WorkerClient(Closing):
    """Starts a worker, sends it one request at a time, and ends it.

    ``module`` is the worker's main module, which ``python`` runs. Its working folder is its own,
    takes its temporary files, and is removed with it, as is ``<folder>.log``, to which it prints.
    ``memory`` samples its process tree, which is killed if it exceeds ``memory_limit`` (bytes), or
    if the folder's disk is nearly full. A worker that has to tidy up elsewhere has
    ``farewell_seconds`` for it at its end.
    """

    def __init__(
        self,
        module: str,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        memory_limit: int | None = None,
        python: Path = Path(sys.executable),
        farewell_seconds: float = 0.0,
    ) -> None:
        self.farewell_seconds = farewell_seconds
        self.module, self.python, self.folder = module, python, folder.absolute()
        self.log = self.folder.with_name(f"{self.folder.name}.log")
        self.folder.mkdir(parents=True)
        self._oom_kills = oom_kills()
        self._least_free = min(LEAST_FREE_BYTES, _free(self.folder) // 2)
        self._buffer = bytearray()
        self._killed = False
        self._mark = uuid.uuid4().hex
        own = {MARK: self._mark, "TMPDIR": str(self.folder)}
        self._start({**inherited_environment(), **(environment or {}), **own})
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._replies, selectors.EVENT_READ)
        self._leader = psutil.Process(self.pid)
        self.memory = Sampler(self.pid, memory_limit, self._kill_tree)
        self.memory.start()

    def _start(self, environment: Mapping[str, str]) -> None:
        child_reads, self._requests = os.pipe()
        self._replies, child_writes = os.pipe()
        command = [str(self.python), "-P", "-u", "-m", self.module]
        try:
            with self.log.open("wb") as log:
                self._process = subprocess.Popen(
                    [*command, str(child_reads), str(child_writes)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=self.folder,
                    env=dict(environment),
                    pass_fds=(child_reads, child_writes),
                    start_new_session=True,  # its own group to kill; Ctrl-C is ours to handle
                )
        finally:
            os.close(child_reads)
            os.close(child_writes)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return not self._killed and self._process.poll() is None

    def request(
        self, request: Request[Reply], timeout: float, most_seconds: float | None = None
    ) -> Reply:
        """Sends a request and waits for its reply, at most ``timeout`` seconds.

        With ``most_seconds`` the limit is one of processor time, and that is the most seconds by
        the clock: on a machine that others keep busy a process waits for its turn.

        Raises WorkerFailed if the worker raised an error and still runs; WorkerOutOfMemory,
        WorkerOutOfDisk, WorkerTimeout or WorkerDied. After the last three, and after any exception
        in the parent (Ctrl-C), no process is left.
        """
        self.post(request)
        reply: Reply = self.reply(timeout, most_seconds)
        return reply

    def post(self, request: Request[Any]) -> None:
        """Sends a request without waiting; each needs one call of ``reply``, in order."""
        try:
            self.memory.attend()
            self._send(request)
        except BaseException:
            self.close()
            raise

    def reply(self, timeout: float, most_seconds: float | None = None) -> Any:
        """Waits for the reply to the oldest request posted; limits and errors are ``request``'s."""
        try:
            reply = self._receive(timeout, most_seconds)
        except Unreadable as error:
            self.close()
            raise WorkerDied(
                f"the process sent what is no reply, and was killed: {error}"
            ) from error
        except BaseException:
            self.close()
            raise
        self.memory.relax()
        if isinstance(reply, Failure):
            raise _error_of(reply)
        return reply

    def _send(self, request: Request[Any]) -> None:
        if self._killed:
            raise WorkerDied(f"{self.module} has ended; start another")
        left = memoryview(encode(request))
        try:
            while left:
                left = left[os.write(self._requests, left) :]
        except BrokenPipeError:
            self._raise_end()

    def _receive(self, timeout: float, most_seconds: float | None) -> Any:
        began = time.monotonic()
        deadline = latest = began + timeout
        if most_seconds is not None:
            latest, cpu = began + most_seconds, self._cpu_seconds()
        while (content := take(self._buffer)) is None:
            remaining = deadline - time.monotonic()
            if remaining <= 0 and deadline < latest:
                unused = timeout - (self._cpu_seconds() - cpu)
                remaining, deadline = unused, min(latest, time.monotonic() + unused)
            if remaining <= 0:
                raise WorkerTimeout(f"no answer after {timeout:g} s; killed")
            if (free := _free(self.folder)) < self._least_free:
                raise WorkerOutOfDisk(
                    f"the disk had only {format_bytes(free)} left; the process was killed"
                )
            if self._selector.select(min(remaining, GLANCE_SECONDS)):
                chunk = os.read(self._replies, 65536)
                self._buffer += chunk or self._raise_end()
            elif self._process.poll() is not None:
                self._raise_end()
        return decode_reply(content)

    def _cpu_seconds(self) -> float:
        """Returns the user and system seconds of the process, without its children's."""
        with contextlib.suppress(*GONE):
            times = self._leader.cpu_times()
            return float(times.user + times.system)
        return 0.0

    def _raise_end(self) -> NoReturn:
        """Raises the error that says how the worker ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(FAREWELL_SECONDS)
        memory, tail = self.memory, self.log_tail()
        limit, peak = memory.limit_bytes, memory.peak_bytes
        if memory.out_of_memory:
            raise WorkerOutOfMemory(f"used {_gib(peak)}, the limit is {_gib(limit or 0)}; killed")
        code = self._process.poll()
        how = "closed its pipe" if code is None else way_of_ending(code)
        if says_out_of_memory("", tail):
            raise WorkerOutOfMemory(_with_tail(f"out of memory: the process {how}", tail))
        crowded = oom_kills() > self._oom_kills or (limit is not None and peak > limit / 2)
        if code == -signal.SIGKILL and crowded:
            raise WorkerOutOfMemory(
                f"probably out of memory: the system killed the process at {_gib(peak)}"
            )
        raise WorkerDied(_with_tail(f"the process {how}", tail))

    def log_tail(self) -> str:
        """Returns the last lines that the worker printed."""
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - LOG_TAIL_BYTES))
            text = file.read().decode(errors="replace")
        lines = [line for line in text.splitlines() if not line.startswith(NOISE)]
        return "\n".join("\n".join(lines).strip().splitlines()[-LOG_TAIL_LINES:])

    def close(self) -> None:
        """Ends the worker and its descendants, and removes its folder; may be called twice."""
        if self._killed:
            return
        self._killed = True
        if self.farewell_seconds:
            self._bid_farewell()
        self._kill_tree()
        self.memory.close()
        self._process.wait()
        self._selector.close()
        for descriptor in {self._requests, self._replies} - {CLOSED}:
            os.close(descriptor)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.log.unlink(missing_ok=True)

    def _bid_farewell(self) -> None:
        """Closes the pipe, at which the worker tidies up and ends itself, and waits for that."""
        os.close(self._requests)
        self._requests = CLOSED
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(self.farewell_seconds)

    def _kill_tree(self) -> None:
        kill_tree(self._leader, self.memory.family, self._mark)


def _error_of(failure: Failure) -> WorkerFailed | WorkerOutOfMemory:
    if failure.kind is FailureKind.UNSUPPORTED:
        return WorkerUnsupported(failure.message)
    text = f"{failure.error}: {failure.message}"
    ran_out = failure.kind is FailureKind.OUT_OF_MEMORY
    return WorkerOutOfMemory(text) if ran_out else WorkerFailed(text)


def inherited_environment() -> dict[str, str]:
    """Returns the variables that a worker inherits, so that it can import what this process can."""
    inherited = {name: value for name, value in os.environ.items() if name in PROCESS}
    paths = [str(Path(path).absolute()) for path in _split(inherited.get("PYTHONPATH", ""))]
    root = str(Path(__file__).parents[2])
    if root not in paths and root not in site.getsitepackages():
        paths.insert(0, root)
    return {**inherited, "PYTHONPATH": os.pathsep.join(paths)}


def _free(folder: Path) -> int:
    """Returns the free bytes of the disk with ``folder``, which the worker may have removed."""
    return shutil.disk_usage(folder.parent).free


def _split(paths: str) -> list[str]:
    return [path for path in paths.split(os.pathsep) if path]


def way_of_ending(code: int) -> str:
    """Returns in words how a process ended: by an exit code, or by a signal if it is negative."""
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was ended by signal {-code} ({signal.Signals(-code).name})"


def _with_tail(text: str, tail: str) -> str:
    return f"{text}; its last words:\n{tail}" if tail else f"{text} without a word"


def _gib(size: int) -> str:
    return f"{size / 2**30:.2f} GiB"
