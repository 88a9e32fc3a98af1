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

from harness.engines.base import Engine
from harness.engines.session import Program, Session
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
    """The session of a planted engine: each run calls ``act()``, and returns the right answer."""

    def __init__(self, threads: int) -> None:
        import numpy  # noqa: F401  # imported before the timed run
        import pyarrow as pa

        self.threads, self.answer = threads, pa.table(ANSWER)

    def load(self, table: Table) -> None:
        """Does nothing: a planted engine reads no tables."""

    def scan(self, table: Table, source: Input) -> None:
        """Does nothing: a planted engine reads no files."""

    def prepare(self, program: Program) -> None:
        """Does nothing: a planted engine runs no program."""

    def run(self) -> pa.Table:
        self.act()
        return self.answer

    def act(self) -> None:
        """Does in a timed run what the harness must measure or survive; by default nothing."""

    def to_arrow(self, result: pa.Table) -> pa.Table:
        return result

    def rows(self, result: pa.Table) -> int:
        return int(result.num_rows)


class Planted(Engine):
    """An engine that answers rightly, at once; those derived from it differ in their session."""

    name = "planted"
    label = "Planted"
    colour = "#707070"
    language = "python"
    distribution = "pyarrow"
    module = "pyarrow"
    session: ClassVar[str | type[Session]] = PlantedSession

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        return Program(f"# {self.__doc__}\n", "python")


class Sleeping(Planted):
    """An engine whose runs sleep for SLEEP_SECONDS: their time is known."""

    class session(PlantedSession):
        def act(self) -> None:
            time.sleep(SLEEP_SECONDS)


class Timing(Planted):
    """An engine that sleeps, and writes how long by its own clock to a file.

    The environment variable STOPWATCH names the file.
    """

    variables = (STOPWATCH,)

    class session(PlantedSession):
        def run(self) -> pa.Table:
            began = time.perf_counter()
            time.sleep(SLEEP_SECONDS)
            self.seconds = time.perf_counter() - began
            return self.answer

        def rows(self, result: pa.Table) -> int:
            """Returns the number of the answer's rows; writes the last run's seconds.

            The harness calls it outside the timed part.
            """
            with Path(os.environ[STOPWATCH]).open("a") as file:
                print(self.seconds, file=file)
            return super().rows(result)


class Wrong(Planted):
    """An engine whose answer has one wrong value."""

    class session(PlantedSession):
        def run(self) -> pa.Table:
            return self.answer.set_column(1, "mean", [[0.5, 12.5, None]])


class Late(Planted):
    """An engine whose run never ends, and that leaves three children to be killed.

    One is in its process group, one in another, and one has lost its parent.
    """

    class session(PlantedSession):
        def act(self) -> None:
            sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
            orphan = f"import subprocess; subprocess.Popen({sleeper}, start_new_session=True)"
            subprocess.Popen(sleeper)
            subprocess.Popen(sleeper, start_new_session=True)
            subprocess.run([sys.executable, "-c", orphan], check=True)
            time.sleep(600)


class Hungry(Planted):
    """An engine that takes more and more memory, 16 MiB at a time."""

    class session(PlantedSession):
        def act(self) -> None:
            held = []
            while True:
                held.append(b"x" * 2**24)
                time.sleep(0.002)


class HungryChild(Planted):
    """An engine whose child, in another process session, takes more and more memory."""

    class session(PlantedSession):
        def act(self) -> None:
            child = (
                "import time\nheld = []\nwhile True: held.append(b'x' * 2**24); time.sleep(.002)"
            )
            subprocess.run([sys.executable, "-c", child], start_new_session=True, check=True)


class Dying(Planted):
    """An engine whose process dies of a segmentation fault, and leaves another process behind."""

    class session(PlantedSession):
        def act(self) -> None:
            sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
            subprocess.Popen(sleeper, start_new_session=True)
            os.kill(os.getpid(), signal.SIGSEGV)
            time.sleep(600)


class Allocating(Planted):
    """An engine whose runs hold ALLOCATED_BYTES of memory for a moment: their peak is known."""

    class session(PlantedSession):
        def act(self) -> None:
            held = b"x" * ALLOCATED_BYTES
            time.sleep(HOLD_SECONDS)
            del held


class AllocatingChild(Planted):
    """An engine that holds ALLOCATED_BYTES with its forked child, half of them in the child."""

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
    """An engine that keeps one core busy for BURN_SECONDS of processor time."""

    class session(PlantedSession):
        def act(self) -> None:
            burn()


class BurningTwice(Planted):
    """An engine that keeps two threads busy, for BURN_SECONDS of processor time each."""

    class session(PlantedSession):
        def act(self) -> None:
            threads = [threading.Thread(target=burn) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()


class BurningChild(Planted):
    """An engine whose child process is busy for BURN_SECONDS of processor time."""

    class session(PlantedSession):
        def act(self) -> None:
            child = os.fork()
            if not child:
                burn()
                os._exit(0)
            os.waitpid(child, 0)


def burn() -> None:
    """Uses BURN_SECONDS of this thread's processor time without holding Python's global lock."""
    import numpy as np

    values = np.linspace(0, 1, 2**14)
    began = time.thread_time()
    while time.thread_time() - began < BURN_SECONDS:
        np.sin(values)
