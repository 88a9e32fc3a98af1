"""The worker and its parent: replies, crashes, hangs, and what is left of them."""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness import engines
from harness.engines.session import Program
from harness.errors import (
    WorkerDied,
    WorkerFailed,
    WorkerOutOfDisk,
    WorkerOutOfMemory,
    WorkerTimeout,
)
from harness.machine.messages import (
    LENGTH_BYTES,
    Failure,
    FailureKind,
    Request,
    Unreadable,
    decode_reply,
    decode_request,
    encode,
    read,
    take,
)
from harness.machine.oom import says_out_of_memory
from harness.machine.processtree import kill_tree
from harness.machine.sampling import Sampler
from harness.machine.worker_client import WorkerClient
from harness.measure.requests import (
    HandOver,
    LoadTable,
    PrepareProgram,
    Ran,
    RunProgram,
    StartEngine,
)
from harness.special import Special
from harness.tables import CsvFormat, Table
from harness.types import Column, Type
from tests.fakes.engines import ANSWER

MIB = 2**20
Launch = Callable[..., WorkerClient]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Returns a function: it starts a worker with a fake engine, its program prepared."""
    workers: list[WorkerClient] = []

    def start(engine: str, text: str = "", writes: bool = False, **options: Any) -> WorkerClient:
        worker = WorkerClient(
            "harness.measure.engine_worker", tmp_path / f"worker{len(workers)}", **options
        )
        workers.append(worker)
        fake = engines.get(f"tests.fakes.engines:{engine}")
        worker.request(StartEngine(fake.session_address(), 1), 20)
        worker.request(PrepareProgram(Program(text, "python"), writes), 20)
        return worker

    yield start
    for worker in workers:
        worker.close()


def run(worker: WorkerClient, timeout: float = 20) -> Ran:
    return worker.request(RunProgram(), timeout)


def answer(worker: WorkerClient, path: Path) -> Path:
    return worker.request(HandOver(path), 20).path


def test_a_run_tells_its_seconds_and_rows_and_hands_its_answer_over(
    launch: Launch, tmp_path: Path
) -> None:
    worker = launch("Right")
    reply = run(worker)
    assert reply.rows == 3
    assert 0 < reply.seconds < 5
    assert reply.cpu_seconds >= 0
    with pa.memory_map(str(answer(worker, tmp_path / "answer"))) as source:
        assert pa.ipc.open_file(source).read_all() == pa.table(ANSWER)


@pytest.mark.parametrize("engine", ["Writing", "Scattering"])
def test_a_written_answer_is_handed_over_and_out_of_the_next_run_s_way(
    launch: Launch, tmp_path: Path, engine: str
) -> None:
    worker = launch(engine, writes=True)
    assert [run(worker).rows, run(worker).rows] == [3, 3]
    assert pq.read_table(answer(worker, tmp_path / "answer")) == pa.table(ANSWER)
    assert run(worker).rows == 3


def test_a_program_that_writes_nothing_is_an_error(launch: Launch) -> None:
    with pytest.raises(WorkerFailed, match=r"has written no answer\.parquet"):
        run(launch("Right", writes=True))


def test_an_error_is_told_in_one_line_and_the_worker_lives_on(launch: Launch) -> None:
    worker = launch("Raising")
    for _ in range(2):
        with pytest.raises(WorkerFailed) as told:
            run(worker)
        assert str(told.value) == "ValueError: no such column: flavour"
    assert "and a second line" in worker.log_tail()


def test_what_an_engine_prints_never_reaches_the_replies(launch: Launch) -> None:
    worker = launch("Chatty")
    assert run(worker).rows == 3
    assert "written past Python" in worker.log_tail()


def test_a_worker_that_exits_is_told_with_its_code_and_last_words(launch: Launch) -> None:
    worker = launch("Exiting")
    with pytest.raises(WorkerDied, match=r"(?s)exit code 3.*about to go"):
        run(worker)
    assert not worker.alive
    with pytest.raises(WorkerDied, match="start another"):
        run(worker)


def test_a_segmentation_fault_is_told_by_its_name(launch: Launch) -> None:
    with pytest.raises(WorkerDied, match=r"(?s)SIGSEGV.*engines\.py"):
        run(launch("Crashing"))


def test_a_worker_killed_from_outside_with_little_memory_has_died(launch: Launch) -> None:
    worker = launch("Right", memory_limit=10_000 * MIB)
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(WorkerDied, match="SIGKILL"):
        run(worker)


def test_a_worker_killed_from_outside_near_its_limit_is_probably_out_of_memory(
    launch: Launch,
) -> None:
    worker = launch("Right", memory_limit=10_000 * MIB)
    worker.memory.peak_bytes = 9_000 * MIB
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(WorkerOutOfMemory, match="probably"):
        run(worker)


def test_a_hanging_worker_is_killed_with_all_that_it_started(
    launch: Launch, tmp_path: Path
) -> None:
    worker = launch("Hanging", text=str(tmp_path / "pids"))
    with pytest.raises(WorkerTimeout, match=r"no answer after 1\.5 s"):
        run(worker, timeout=1.5)
    assert not_ended([worker.pid, *children_in(tmp_path / "pids")]) == []
    assert not worker.folder.exists()


def test_a_worker_that_outgrows_its_limit_is_killed(launch: Launch) -> None:
    worker = launch("Hungry", memory_limit=400 * MIB)
    with pytest.raises(WorkerOutOfMemory, match=r"the limit is 0\.39 GiB"):
        run(worker)
    assert not_ended([worker.pid]) == []


def test_a_worker_is_killed_before_its_disk_is_full(
    launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SimpleNamespace(free=9 * MIB)
    monkeypatch.setattr("harness.machine.worker_client.shutil.disk_usage", lambda _: disk)
    worker = launch("Hanging", text=str(tmp_path / "pids"))
    disk.free = 4 * MIB
    with pytest.raises(WorkerOutOfDisk, match=r"the disk had only 4\.19 MB left; the process was"):
        run(worker)
    assert not_ended([worker.pid]) == []
    assert not worker.folder.exists()


def test_an_engine_that_says_it_is_out_of_memory_is_believed(launch: Launch) -> None:
    with pytest.raises(WorkerOutOfMemory, match="bad_alloc"):
        run(launch("Refusing"))


def test_ctrl_c_ends_the_worker_and_goes_on_up(launch: Launch, tmp_path: Path) -> None:
    worker = launch("Hanging", text=str(tmp_path / "pids"))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & ignores it
    timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            run(worker)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not_ended([worker.pid, *children_in(tmp_path / "pids")]) == []


@pytest.mark.parametrize("stopped", [(), (0,), (0, 1, 2)], ids=["running", "stopped", "all"])
def test_a_worker_ends_when_its_parent_is_killed(tmp_path: Path, stopped: tuple[int, ...]) -> None:
    script = f"""
import sys
from pathlib import Path
from harness.engines.session import Program
from harness.machine.worker_client import WorkerClient
from harness.measure.requests import PrepareProgram, RunProgram, StartEngine
worker = WorkerClient("harness.measure.engine_worker", Path({str(tmp_path / "worker")!r}))
worker.request(StartEngine("tests.fakes.engines:_Hanging", 1), 20)
worker.request(PrepareProgram(Program({str(tmp_path / "pids")!r}, "python")), 20)
print(worker.pid, flush=True)
worker.request(RunProgram(), 60)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    pids = [pid, *children_in(tmp_path / "pids")]
    for index in stopped:
        os.kill(pids[index], signal.SIGSTOP)
        until_stopped(psutil.Process(pids[index]))
    parent.kill()
    parent.communicate()
    assert not_ended(pids) == []


def test_a_worker_sees_only_the_variables_that_it_is_meant_to(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "x")
    monkeypatch.setenv("ENGINEBENCH_CACHE", "red")
    worker = launch("Right", environment={"POLARS_MAX_THREADS": "1"})
    seen = psutil.Process(worker.pid).environ()
    assert "SECRET_TOKEN" not in seen
    assert (seen["ENGINEBENCH_CACHE"], seen["POLARS_MAX_THREADS"]) == ("red", "1")


def test_what_a_library_leaves_among_temporary_files_is_removed_with_the_worker(
    launch: Launch,
) -> None:
    worker = launch("Littering")
    run(worker)
    (left,) = worker.folder.glob("left-behind-*")
    worker.close()
    assert not left.exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's own peak")
def test_the_peak_holds_what_came_and_went_between_two_samples(launch: Launch) -> None:
    worker = launch("Big")
    baseline = worker.memory.reset()
    run(worker)
    assert worker.memory.peak() - baseline > 100 * MIB
    worker.memory.reset()
    assert worker.memory.peak() < baseline + 64 * MIB


def test_a_table_survives_its_way_through_a_message(tmp_path: Path) -> None:
    table = Table(
        "flights",
        (
            Column("k", Type.INT64, False, False, True, (Special.LEAST,)),
            Column("x", Type.FLOAT64, nan=True),
        ),
        7,
        (tmp_path / "a.parquet",),
        (tmp_path / "a.csv",),
        CsvFormat("|", ("", "NA")),
    )
    content = encode(LoadTable(table))[LENGTH_BYTES:]
    assert decode_request(content) == decode_reply(content) == LoadTable(table)


def test_a_reply_is_readable_where_python_writes_enums_as_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In Python 3.11.0 to 3.11.3 pickle writes a member of an enum as a call of ``getattr``."""

    def as_call(member: Enum, protocol: int) -> Any:
        return getattr, (type(member), member.name)

    monkeypatch.setattr(Enum, "__reduce_ex__", as_call)
    reply = Failure("E", "words", FailureKind.UNSUPPORTED)
    assert pickle.loads(pickle.dumps(reply)) == reply
    assert decode_reply(encode(reply)[LENGTH_BYTES:]) == reply


def test_messages_come_one_by_one_and_only_when_they_are_whole() -> None:
    both = encode("first") + encode(["second"])
    buffer, found = bytearray(), []
    for byte in both:
        buffer.append(byte)
        if (content := take(buffer)) is not None:
            found.append((decode_reply(content), len(buffer)))
    assert found == [("first", 0), (["second"], 0)]
    stream = io.BytesIO(both)
    assert [decode_reply(read(stream) or b"") for _ in range(2)] == ["first", ["second"]]
    assert read(stream) is None


class Forged:
    """An object that pickle writes as a call of a function, such as one that makes a file."""

    def __init__(self, call: object, *arguments: object) -> None:
        self.made = (call, arguments)

    def __reduce__(self) -> Any:
        return self.made


@dataclass
class Loose:
    """A dataclass outside the harness, which a reply must not contain."""


@pytest.mark.parametrize("call", [os.mkdir, exec, Path.mkdir, kill_tree, Sampler, Loose])
def test_a_reply_holds_nothing_but_values_of_the_harness(
    call: Callable[..., object], tmp_path: Path
) -> None:
    content = encode([1, Forged(call, str(tmp_path / "made"))])[LENGTH_BYTES:]
    with pytest.raises(Unreadable, match="a reply must not hold"):
        decode_reply(content)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"text", encode(1), b"\x80\x05cos\nsystem\n."])
def test_bytes_that_are_no_reply_are_unreadable(content: bytes) -> None:
    with pytest.raises(Unreadable):
        decode_reply(content)


def test_a_worker_whose_reply_is_none_is_ended(launch: Launch) -> None:
    worker = launch("Forging")
    with pytest.raises(WorkerDied, match=r"no reply.*must not hold posix\.mkdir"):
        run(worker)
    assert not worker.alive
    assert not (worker.folder / "forged").exists()


def test_a_message_is_not_awaited_for_ever() -> None:
    with pytest.raises(Unreadable, match="9,223,372,036,854,775,807 bytes"):
        take(bytearray((2**63 - 1).to_bytes(LENGTH_BYTES, "big")))


@dataclass(frozen=True)
class Unheard(Request[None]):
    """A request that no worker knows."""


def test_a_request_that_is_not_known_is_told_and_the_worker_lives_on(launch: Launch) -> None:
    worker = launch("Right")
    with pytest.raises(WorkerFailed, match=r"KeyError: <class '.*Unheard'>"):
        worker.request(Unheard(), 20)
    assert run(worker).rows == 3


@pytest.mark.parametrize(
    ("error_type", "text"),
    [
        ("MemoryError", ""),
        ("ArrowMemoryError", "malloc of size 64 failed"),
        ("OutOfMemoryException", "Out of Memory Error: failed to allocate"),
        ("RuntimeError", "CUDA error: out of memory"),
        ("", "memory allocation of 80000 bytes failed"),
        ("", "terminate called after throwing an instance of 'std::bad_alloc'"),
    ],
)
def test_words_of_memory_running_out_are_known(error_type: str, text: str) -> None:
    assert says_out_of_memory(error_type, text)


def test_other_errors_are_no_lack_of_memory() -> None:
    assert not says_out_of_memory("ValueError", "no column 'memory'")


def children_in(file: Path) -> list[int]:
    """Waits for the two process ids that the engine Hanging writes to a file; returns them."""
    deadline = time.monotonic() + 10
    while not file.exists() or len(file.read_text().split()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return [int(pid) for pid in file.read_text().split()]


def until_stopped(process: psutil.Process) -> None:
    deadline = time.monotonic() + 10
    while process.status() != psutil.STATUS_STOPPED and time.monotonic() < deadline:
        time.sleep(0.01)


def not_ended(pids: list[int]) -> list[int]:
    """Waits up to 5 s for processes to end; returns those that still run.

    Ended ones that nobody has reaped do not count.
    """
    deadline = time.monotonic() + 5
    while (left := [pid for pid in pids if _runs(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
