"""Engines that behave and misbehave in known ways; each answers with a fixed small table."""

from __future__ import annotations

import math
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from harness.engines.base import Clients, Engine
from harness.engines.session import OUTPUT_FILE, Program, Session, Sharing
from harness.errors import Unsupported
from harness.machine import messages
from harness.machine.gpu.device import DeviceUse
from harness.tables import Input, Table

if TYPE_CHECKING:
    from harness.plan import CompiledQuery

ANSWER: dict[str, list[Any]] = {"k": [1, 2, 3], "mean": [0.5, 12.25, None]}


class FakeSession(Session):
    """A session whose runs return what ``act()`` returns: by default the right answer."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.tables: dict[str, Any] = {}
        self.runs = 0

    def load(self, table: Table) -> None:
        self.tables[table.name] = pa.concat_tables(map(pq.read_table, table.parquet))

    def scan(self, table: Table, source: Input) -> None:
        self.tables[table.name] = table.files(source)

    def prepare(self, program: Program) -> None:
        self.program = program

    def run(self) -> Any:
        self.runs += 1
        return self.act()

    def act(self) -> Any:
        return pa.table(ANSWER)

    def to_arrow(self, result: pa.Table) -> pa.Table:
        return result

    def rows(self, result: pa.Table) -> int:
        return result.num_rows


class Right(Engine):
    """An engine that gives the right answer; most others differ in their session's ``act``."""

    name = "right"
    label = "Right"
    colour = "#000000"
    language = "python"
    distribution = "pyarrow"
    module = "pyarrow"
    hands_over: ClassVar[str] = "its fixed answer's"
    session: ClassVar[str | type[Session]] = FakeSession

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        return Program("def query(t): ...", "python")


class _Wrong(FakeSession):
    def act(self) -> Any:
        return pa.table({"k": [1, 2, 3], "mean": [0.5, 12.5, None]})


class Wrong(Right):
    session = _Wrong


class _Ordered(FakeSession):
    def act(self) -> Any:
        return self.tables["t"].select(["x", "k"])


class Ordered(Right):
    """An engine that hands over two columns of a table, in their order."""

    session: ClassVar[type[FakeSession]] = _Ordered


class _Reordered(_Ordered):
    def act(self) -> Any:
        rows = super().act()
        return rows.take([*range(len(rows) - 2), len(rows) - 1, len(rows) - 2])


class Reordered(Ordered):
    session = _Reordered


class _Shortened(_Ordered):
    def act(self) -> Any:
        return super().act()[:-1]


class Shortened(Ordered):
    session = _Shortened


class _Spoiling(FakeSession):
    def act(self) -> Any:
        return pa.table({"k": [1, 2, 3], "mean": [0.5, 12.25 if self.runs == 1 else 0.0, None]})


class Spoiling(Right):
    """An engine that is right in its first run only, like a program that changes its tables."""

    session = _Spoiling


SERVICE_SECONDS = 0.02
"""How long a run of Serving takes, however many clients there are."""


class Numbered(FakeSession):
    """A session whose clients have numbers, from 1; it is 0 itself."""

    number = 0

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.numbers = iter(range(1, 100))

    def connect(self) -> None:
        self.number = next(self.numbers)


class _Littering(FakeSession):
    def act(self) -> Any:
        tempfile.mkdtemp(prefix="left-behind-")
        return super().act()


class Littering(Right):
    """An engine whose library leaves a temporary folder behind, as chDB does if it is killed."""

    session = _Littering


class _Serving(FakeSession):
    def act(self) -> Any:
        time.sleep(SERVICE_SECONDS)
        return super().act()


class Serving(Right):
    """An engine whose clients wait for nothing but their own runs."""

    session = _Serving


class Forked(Right):
    session = _Serving
    clients = Clients(Sharing.PROCESSES, "it is a fake")


class OneClient(Right):
    clients = Clients(None, "it is a fake")


class _FailingClient(Numbered):
    def act(self) -> Any:
        time.sleep(SERVICE_SECONDS)
        if self.number == 2:
            raise ValueError("too many clients already")
        return super().act()


class FailingClient(Right):
    session = _FailingClient


class _DyingClient(Numbered):
    def act(self) -> Any:
        if self.number == 2:
            os._exit(3)
        return super().act()


class DyingClient(Right):
    """An engine of which the second of its clients, which are processes, dies."""

    session = _DyingClient
    clients = Clients(Sharing.PROCESSES, "it is a fake")


class _UnreadableClient(Numbered):
    def to_arrow(self, result: pa.Table) -> pa.Table:
        if self.number == 2:
            raise ValueError("Arrow has no such values")
        return super().to_arrow(result)


class UnreadableClient(DyingClient):
    """An engine of which the answers of the second client, a process, cannot be converted."""

    session = _UnreadableClient


class _WrongClient(Numbered):
    def act(self) -> Any:
        return pa.table({"k": [1, 2, 3], "mean": [0.5, 9.0 if self.number == 3 else 12.25, None]})


class WrongClient(Right):
    session = _WrongClient


class _ShortClient(Numbered):
    def act(self) -> Any:
        return super().act()[: 3 if self.number != 3 else 2]


class ShortClient(Right):
    session = _ShortClient


class _Forging(FakeSession):
    def act(self) -> Any:
        """Writes a reply into the worker's pipe that would make a folder where it is unpickled."""
        with os.fdopen(int(sys.argv[2]), "wb", closefd=False) as replies:
            replies.write(messages.encode(self))
        return super().act()

    def __reduce__(self) -> Any:
        return os.mkdir, (os.fspath(Path("forged").absolute()),)


class Forging(Right):
    """An engine that sends its parent a forged reply."""

    session = _Forging


class _HalfGiven(FakeSession):
    def to_arrow(self, result: pa.Table) -> Any:
        os.dup2(os.open("/dev/full", os.O_WRONLY), sys.stderr.fileno())
        return SimpleNamespace(schema=result.schema)


class HalfGiven(Right):
    """An engine whose answer has only a schema, so that writing it fails, and whose log is full."""

    session = _HalfGiven


class _Sleepy(FakeSession):
    def act(self) -> Any:
        time.sleep(0.02)
        return super().act()


class Sleepy(Right):
    """An engine whose runs sleep for 20 ms."""

    session = _Sleepy


class _Timed(FakeSession):
    """A session with a false clock, which only runs advance, by ``milliseconds`` in turn."""

    milliseconds: ClassVar[tuple[int, ...]] = (20,)

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.now = 0
        time.perf_counter_ns = lambda: self.now

    def act(self) -> Any:
        self.now += self.milliseconds[self.runs % len(self.milliseconds)] * 1_000_000
        return super().act()


class Punctual(Right):
    """An engine whose runs take exactly 20 ms by a false clock, however busy the machine is."""

    session = _Timed


class Exact(Punctual):
    """The same engine as Punctual, under another name."""


class _Drowsy(_Timed):
    """A session whose run takes 6 ms if the last one began over 10 ms ago, else 2 ms."""

    before = -math.inf

    def act(self) -> Any:
        asked = time.monotonic()
        self.milliseconds = (6,) if asked - self.before > 0.01 else (2,)
        self.before = asked
        return super().act()


class Drowsy(Right):
    """An engine whose runs take 2 ms, but 6 ms after a pause, as when another engine ran."""

    session = _Drowsy


class _Brisk(_Timed):
    milliseconds = (2,)


class Brisk(Right):
    """An engine whose runs take exactly 2 ms by a false clock."""

    session = _Brisk


class _Wavering(_Timed):
    milliseconds = (10, 30)


class Wavering(Right):
    """An engine whose runs take 10 ms and 30 ms in turn, by a false clock."""

    session = _Wavering


class _Greedy(FakeSession):
    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        real = resource.getrusage

        def told(who: int) -> Any:
            used, whole = real(who), who == resource.RUSAGE_SELF
            more = 3 * time.perf_counter() if whole else used.ru_utime
            return SimpleNamespace(ru_utime=more, ru_stime=0.0)

        resource.getrusage = told

    def act(self) -> Any:
        time.sleep(0.06)
        return super().act()


class Greedy(Right):
    """An engine whose process seems to keep three cores busy all the time."""

    session = _Greedy


class _Shrinking(FakeSession):
    def act(self) -> Any:
        return pa.table(ANSWER).slice(0, 3 if self.runs == 1 else 2)


class Shrinking(Right):
    """An engine that answers rightly in its first run, and then without the last row."""

    session = _Shrinking


class _Raising(FakeSession):
    def act(self) -> Any:
        raise ValueError("no such column: flavour\nand a second line")


class Raising(Right):
    session = _Raising


class _Unable(FakeSession):
    def act(self) -> Any:
        raise Unsupported("Unable cannot: this")


class Unable(Right):
    session = _Unable


class _Exiting(FakeSession):
    def act(self) -> Any:
        print("about to go")
        os._exit(3)


class Exiting(Right):
    session = _Exiting


class _Crashing(FakeSession):
    def act(self) -> Any:
        os.kill(os.getpid(), signal.SIGSEGV)
        raise AssertionError("a signal came late")


class Crashing(Right):
    session = _Crashing


class _Hanging(FakeSession):
    def act(self) -> Any:
        child = [sys.executable, "-c", "import time; time.sleep(600)"]
        for detached in (False, True):
            process = subprocess.Popen(child, start_new_session=detached)
            with Path(self.program.text).open("a") as file:
                print(process.pid, file=file)
        time.sleep(600)
        raise AssertionError("it should have been killed")


class Hanging(Right):
    """An engine whose run sleeps until it is killed, beside two children.

    It appends the children's process ids to the file that its program's text names.
    """

    session = _Hanging


class _Gated(FakeSession):
    programs = 0

    def prepare(self, program: Program) -> None:
        super().prepare(program)
        self.programs += 1

    def act(self) -> Any:
        gate = Path(os.environ["ENGINEBENCH_CACHE"]) / "open"
        while self.programs > 1 and not gate.exists():
            time.sleep(0.01)
        return super().act()


class Gated(Right):
    """An engine that answers its second program only once the cache has a file ``open``."""

    session = _Gated


class _Diarist(FakeSession):
    def load(self, table: Table) -> None:
        super().load(table)
        self.diary = table.parquet[0].with_name("diary")

    def act(self) -> Any:
        with self.diary.open("a") as file:
            print(os.getpid(), file=file)
        return super().act()


class Diarist(Right):
    """An engine whose runs each append its process id to a file ``diary`` beside the table."""

    session = _Diarist


class _Reborn(_Diarist):
    def act(self) -> Any:
        answer = super().act()
        if len(set(self.diary.read_text().split())) > 1:
            raise ValueError("not the first process")
        return answer


class Reborn(Right):
    """An engine whose runs work in its first process, and raise ValueError in any later one."""

    session = _Reborn


class _Hungry(FakeSession):
    def act(self) -> Any:
        held = []
        while True:
            held.append(b"x" * 2**24)
            time.sleep(0.002)


class Hungry(Right):
    """An engine whose run takes more and more memory, 16 MiB at a time."""

    session = _Hungry


class _Filling(FakeSession):
    spills_to = Path("spilt")

    def act(self) -> Any:
        held = b"x" * (400 * 2**20)
        Path("spilt").mkdir(exist_ok=True)
        Path("spilt", "some").write_bytes(held[: 3 * 2**20])
        time.sleep(0.05)
        return super().act()


class Filling(Right):
    """Holds 400 MiB in each run, and writes 3 MiB to its spill folder."""

    session = _Filling


class _Refusing(FakeSession):
    def act(self) -> Any:
        raise MemoryError("std::bad_alloc")


class Refusing(Right):
    """An engine whose runs raise MemoryError."""

    session = _Refusing


class _Chatty(FakeSession):
    def act(self) -> Any:
        print('{"seconds": 0}' * 1000)
        os.write(1, b"written past Python\n")
        return super().act()


class Chatty(Right):
    session = _Chatty


class _Writing(FakeSession):
    def act(self) -> Any:
        if Path(OUTPUT_FILE).exists():
            raise FileExistsError("the last run's file is still here")
        pq.write_table(pa.table(ANSWER), OUTPUT_FILE)
        return None


class Writing(Right):
    """An engine whose programs write their answer to the file OUTPUT_FILE."""

    session = _Writing


class _Scattering(FakeSession):
    def act(self) -> Any:
        Path(OUTPUT_FILE).mkdir()
        for part in range(3):
            rows = pa.table(ANSWER).slice(part, 1)
            pq.write_table(rows, f"{OUTPUT_FILE}/part-{part}.parquet")
        return None


class Scattering(Right):
    """An engine whose programs write their answer as three files of a folder, as Dask's do."""

    session = _Scattering


class _Unloadable(FakeSession):
    def load(self, table: Table) -> None:
        raise OSError("the disk is upside down")


class Unloadable(Right):
    session = _Unloadable


class _Big(FakeSession):
    def act(self) -> Any:
        held = b"x" * 2**27
        del held
        return super().act()


class Big(Right):
    """An engine whose runs hold 128 MiB for less time than lies between two samples of memory."""

    session = _Big


class _FakeDevice:
    """A device that checks its calls: first begin, then one or more runs, then synchronise."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def begin(self) -> None:
        self.asked = ["begin"]

    def synchronise(self) -> None:
        self.asked.append("synchronise")

    def use(self) -> DeviceUse:
        runs = ["run"] * (len(self.asked) - 2)
        assert runs and self.asked == ["begin", *runs, "synchronise"], self.asked
        return DeviceUse(7 * 2**30, 0.25)


class _OnGpu(FakeSession):
    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.device = _FakeDevice()  # type: ignore[assignment]

    def act(self) -> Any:
        if isinstance(self.device, _FakeDevice):
            self.device.asked.append("run")
        return super().act()

    def fallback_share(self) -> float | None:
        return 0.25


class OnGpu(Right):
    """An engine with a device that checks that the harness waits for it before and after runs."""

    on_gpu = True
    session = _OnGpu


class _OutOfDeviceMemory(_OnGpu):
    def act(self) -> Any:
        limit = os.environ.get("ENGINEBENCH_GPU_MEMORY_LIMIT")
        raise MemoryError(f"std::bad_alloc: out_of_memory: RMM failure: Maximum pool size {limit}")


class OutOfDeviceMemory(OnGpu):
    """An engine whose runs raise RMM's error of a full device, which names the limit."""

    session = _OutOfDeviceMemory


class Lacking(Right):
    """An engine whose ``compile`` raises Unsupported for every query."""

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        raise Unsupported("Lacking cannot: it has no verbs", "select")


class Fumbling(Right):
    """An engine whose ``compile`` raises KeyError, as by a fault in an emitter."""

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        raise KeyError("verb")


class Backtracking(Right):
    """An engine whose ``compile`` never ends: a regular expression that holds Python's lock.

    It makes a file ``compiling`` first.
    """

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        Path("compiling").touch()
        return Program(str(re.match("(a+)+$", "a" * 40 + "b")), self.language)


class Dozing(Right):
    """An engine whose ``compile`` waits for two seconds, as for its turn on a busy machine."""

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        time.sleep(2)
        return super().compile(query, tables, source)


class Grasping(Right):
    """An engine whose ``compile`` takes 8 GB of memory at once."""

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        return Program((b"x" * (8 * 10**9)).decode(), self.language)


class Aborting(Right):
    """An engine whose ``compile`` aborts its process, as a library may."""

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        os.abort()


class Absent(Right):
    """An engine whose library is not installed."""

    distribution = "no-such-engine"
    module = "no_such_engine"


class _Stillborn(FakeSession):
    def __init__(self, threads: int) -> None:
        raise OSError("no licence found")


class Stillborn(Right):
    """An engine whose session cannot start: it raises OSError."""

    session = _Stillborn


class _Meddling(FakeSession):
    def act(self) -> Any:
        with (Path(os.environ["ENGINEBENCH_CACHE"]).parent / "t.csv").open("a") as file:
            file.write("9,9.0\n")
        return super().act()


class Meddling(Right):
    """An engine whose runs append a row to ``t.csv`` beside the cache's folder, a user's file."""

    session = _Meddling
