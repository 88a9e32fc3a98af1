"""Engines with known behaviour: each answers the self-check's query, or fails in a known way.

They are selected as any engine is: ``--engines late=harness.commands.selfcheck.planted:Late``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from harness.engines.base import Engine, Program, Session
from harness.tables import Input, Table

if TYPE_CHECKING:
    import pyarrow as pa

    from harness.plan import CompiledQuery

ANSWER: dict[str, list[Any]] = {"k": [1, 2, 3], "mean": [0.5, 12.25, None]}
SLEEP_SECONDS = 0.05
BURN_SECONDS = 0.2
ALLOCATED_BYTES = 2**28
HOLD_SECONDS = 0.15
"""How long memory is held: long enough for several samples."""
STOPWATCH = "ENGINEBENCH_STOPWATCH"
"""The environment variable with the path of the file to which ``Timing`` writes its seconds."""


class PlantedSession(Session):
    """Calls ``act()``, and returns the right answer."""

    def __init__(self, threads: int) -> None:
        import numpy  # noqa: F401  # imported before the timed run
        import pyarrow as pa

        self.threads, self.answer = threads, pa.table(ANSWER)

    def load(self, table: Table) -> None:
        """Needs no tables."""

    def scan(self, table: Table, source: Input) -> None:
        """Needs no files."""

    def prepare(self, program: Program) -> None:
        """Needs no program."""

    def run(self) -> pa.Table:
        self.act()
        return self.answer

    def act(self) -> None:
        """Does what is to be measured, in a timed run."""

    def to_arrow(self, result: pa.Table) -> pa.Table:
        return result

    def rows(self, result: pa.Table) -> int:
        return int(result.num_rows)


class Planted(Engine):
    """Answers rightly, at once. Those derived from it differ in their session."""

    name = "planted"
    label = "Planted"
    colour = "#707070"
    language = "python"
    distribution = "pyarrow"
    module = "pyarrow"
    session: ClassVar[type[PlantedSession]] = PlantedSession

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        return Program(f"# {self.__doc__}\n", "python")

    def start(self, threads: int) -> Session:
        return self.session(threads)


class Sleeping(Planted):
    """Sleeps for SLEEP_SECONDS."""

    class session(PlantedSession):
        def act(self) -> None:
            time.sleep(SLEEP_SECONDS)


class Timing(Planted):
    """Sleeps, and notes how long that took by its own clock in the file named by STOPWATCH."""

    variables = (STOPWATCH,)

    class session(PlantedSession):
        def run(self) -> pa.Table:
            began = time.perf_counter()
            time.sleep(SLEEP_SECONDS)
            self.seconds = time.perf_counter() - began
            return self.answer

        def rows(self, result: pa.Table) -> int:
            """Writes the last run's seconds; called after each run, with the clock stopped."""
            with Path(os.environ[STOPWATCH]).open("a") as file:
                print(self.seconds, file=file)
            return super().rows(result)


class Wrong(Planted):
    """Gives one wrong value."""

    class session(PlantedSession):
        def run(self) -> pa.Table:
            return self.answer.set_column(1, "mean", [[0.5, 12.5, None]])


class Late(Planted):
    """Never ends, and has started processes: one of its group, one of another, an orphan."""

    class session(PlantedSession):
        def act(self) -> None:
            sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
            orphan = f"import subprocess; subprocess.Popen({sleeper}, start_new_session=True)"
            subprocess.Popen(sleeper)
            subprocess.Popen(sleeper, start_new_session=True)
            subprocess.run([sys.executable, "-c", orphan], check=True)
            time.sleep(600)


class Hungry(Planted):
    """Takes more and more memory, 16 MiB at a time."""

    class session(PlantedSession):
        def act(self) -> None:
            held = []
            while True:
                held.append(b"x" * 2**24)
                time.sleep(0.002)


class HungryChild(Planted):
    """Has a process of another session take more and more memory."""

    class session(PlantedSession):
        def act(self) -> None:
            child = (
                "import time\nheld = []\nwhile True: held.append(b'x' * 2**24); time.sleep(.002)"
            )
            subprocess.run([sys.executable, "-c", child], start_new_session=True, check=True)


class Dying(Planted):
    """Dies of a segmentation fault, and leaves a process behind."""

    class session(PlantedSession):
        def act(self) -> None:
            sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
            subprocess.Popen(sleeper, start_new_session=True)
            os.kill(os.getpid(), signal.SIGSEGV)
            time.sleep(600)


class Allocating(Planted):
    """Holds ALLOCATED_BYTES for a moment."""

    class session(PlantedSession):
        def act(self) -> None:
            held = b"x" * ALLOCATED_BYTES
            time.sleep(HOLD_SECONDS)
            del held


class AllocatingChild(Planted):
    """Has a forked child hold ALLOCATED_BYTES, beside as many that the child shares with it."""

    class session(PlantedSession):
        def act(self) -> None:
            shared = b"x" * (ALLOCATED_BYTES // 2)
            child = os.fork()
            if not child:
                held = b"x" * (ALLOCATED_BYTES // 2)
                time.sleep(HOLD_SECONDS)
                del held
                os._exit(0)
            os.waitpid(child, 0)
            del shared


class Burning(Planted):
    """Keeps one core busy for BURN_SECONDS of processor time."""

    class session(PlantedSession):
        def act(self) -> None:
            burn()


class BurningTwice(Planted):
    """Keeps two threads busy, for BURN_SECONDS of processor time each."""

    class session(PlantedSession):
        def act(self) -> None:
            threads = [threading.Thread(target=burn) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()


class BurningChild(Planted):
    """Keeps a child process busy for BURN_SECONDS of processor time."""

    class session(PlantedSession):
        def act(self) -> None:
            child = os.fork()
            if not child:
                burn()
                os._exit(0)
            os.waitpid(child, 0)


def burn() -> None:
    """Uses BURN_SECONDS of this thread's processor time, without Python's global lock."""
    import numpy as np

    values = np.linspace(0, 1, 2**14)
    began = time.thread_time()
    while time.thread_time() - began < BURN_SECONDS:
        np.sin(values)
