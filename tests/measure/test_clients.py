"""Several clients at once: planted engines with known rates, failures and wrong answers."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean

import pyarrow as pa
import pytest

from harness import engines
from harness.engines.session import Program, Session, Sharing
from harness.machine.cores import busy_cores
from harness.machine.limits import hold_to_cores
from harness.machine.messages import Failure
from harness.measure import closed_loop
from harness.measure.closed_loop import run_at_once, spread
from harness.measure.engine_worker import EngineAtWork
from harness.measure.pool import Settings
from harness.measure.requests import PrepareProgram, RanClients, RunClients
from harness.measure.rounds import Rounds
from harness.measure.sharpness import spent
from harness.outcome import Cell, Outcome, Record, Round
from harness.tables import Input
from tests.fakes.engines import ANSWER, SERVICE_SECONDS, FakeSession
from tests.measure.test_cell import Bench
from tests.support.benchmark_runs import MEANS, TABLE, Project, fakes
from tests.support.records import figures


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("clients")
    rounds = Rounds(fewest=5, most=1000, seconds=0.8, block=0.2)
    bench = Bench(folder, Settings(threads=1, scratch=folder / "scratch", rounds=rounds))
    yield bench
    bench.close()


def measured(bench: Bench, engine: str, clients: int, before: Record | None = None) -> Record:
    task = bench.task(engine)
    task = replace(task, cell=replace(task.cell, clients=clients), before=before)
    return bench.measure_together([task])[0]


@pytest.mark.parametrize("engine", ["Serving", "Forked"])
@pytest.mark.parametrize("clients", [1, 4])
def test_a_known_service_time_gives_the_known_queries_per_second(
    bench: Bench, engine: str, clients: int
) -> None:
    """By Little's law, whatever else the machine does: clients = rate × mean latency."""
    record = measured(bench, engine, clients)
    assert (record.outcome, record.reason) == (Outcome.OK, "")
    of = record.figures
    assert of is not None and of.window_seconds is not None and of.window_runs is not None
    rate, latency = of.window_runs / of.window_seconds, mean(one.seconds for one in record.rounds)
    assert latency >= SERVICE_SECONDS and rate <= 1.1 * clients / SERVICE_SECONDS
    assert rate * latency == pytest.approx(clients, rel=0.15)
    assert of.window_seconds >= 0.2 and len(record.rounds) <= of.window_runs
    assert (of.uncounted_rounds or 0) >= clients * len({one.turn for one in record.rounds})
    assert spent(record) >= of.window_seconds


def test_a_later_pass_adds_its_windows(bench: Bench) -> None:
    first = measured(bench, "Serving", 2)
    both = measured(bench, "Serving", 2, before=first)
    assert first.figures is not None and both.figures is not None, both.reason
    for name in ("window_seconds", "window_runs", "uncounted_rounds"):
        assert getattr(both.figures, name) > getattr(first.figures, name)
    assert {one.process for one in both.rounds} == {0, 1}


@pytest.mark.parametrize(
    ("engine", "outcome", "reason"),
    [
        ("FailingClient", Outcome.ERROR, "ValueError: too many clients already (1 of 4 runs of 4"),
        ("DyingClient", Outcome.ERROR, "a client's process ended with exit code 3"),
        ("UnreadableClient", Outcome.ERROR, "ValueError: Arrow has no such values (1 of 4 runs of"),
        ("WrongClient", Outcome.WRONG, "client 3 of 4 at once: row 2, column 'mean': 9.0, expect"),
        ("ShortClient", Outcome.WRONG, "4 clients got 2 and 3 rows, the checked run 3"),
    ],
)
def test_what_one_of_the_clients_does_wrong_is_the_cell_s(
    bench: Bench, engine: str, outcome: Outcome, reason: str
) -> None:
    record = measured(bench, engine, 4)
    assert record.outcome is outcome and reason in record.reason
    assert measured(bench, engine, 1).outcome is Outcome.OK


class _Connected(FakeSession):
    """A session that knows which of its clients have a connection."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.connected: set[Session] = set()

    def connect(self) -> None:
        self.connected.add(self)

    def disconnect(self) -> None:
        self.connected.remove(self)


def test_the_next_program_finds_no_connection_of_an_earlier_one_s_clients() -> None:
    """They have copies of tables and caches, which would count in its memory."""
    at_work, session = EngineAtWork(), _Connected(1)
    at_work._session, at_work._sharing = session, Sharing.CONNECTIONS
    for _ in range(2):
        at_work.prepare(PrepareProgram(Program("", "sql")))
        assert not session.connected
        at_work.run_clients(RunClients(3))
        assert len(session.connected) == 3


@pytest.mark.parametrize("name", ["hyper", "chdb"])
def test_clients_of_engines_with_copies_of_tables_end(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After three clients a connection that has ended takes no query, and the session's does."""
    if lack := engines.get(name).unavailable():
        pytest.skip(lack)
    monkeypatch.chdir(tmp_path)
    session = engines.get(name).start(1)
    session.prepare(Program("SELECT 1 AS one", "sql"))
    try:
        clients = [session.for_client() for _ in range(3)]
        assert [client.rows(client.run()) for client in clients] == [1, 1, 1]
        for client in clients:
            client.disconnect()
            with pytest.raises(Exception, match=r"clos|AdbcStatementNew first"):
                client.run()
        assert session.rows(session.run()) == 1
    finally:
        session.close()


class _Clock:
    """A clock that only a run moves, by three seconds; each answer has a row more."""

    def __init__(self) -> None:
        self.now, self.runs = 100.0, 0

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class _ClockedSession(FakeSession):
    clock: _Clock

    def act(self) -> pa.Table:
        self.clock.now += 3.0
        return super().act()


class _SleepingSession(FakeSession):
    def act(self) -> pa.Table:
        time.sleep(SERVICE_SECONDS)
        return super().act()


class _FailingSession(_SleepingSession):
    def act(self) -> pa.Table:
        super().act()
        raise ValueError("no more")


def test_runs_that_fail_are_counted() -> None:
    """Of two clients, the second fails in all of its runs, and the first in none."""
    sessions = [_SleepingSession(1), _FailingSession(1)]
    ran = run_at_once(sessions, Sharing.THREADS, RunClients(2, 0.0, 0.1))
    assert isinstance(ran, Failure)
    told = re.fullmatch(r"no more \((\d+) of (\d+) runs of 2 clients at once failed\)", ran.message)
    assert told is not None, ran.message
    failed, of = map(int, told.groups())
    assert (failed, of) == (sessions[1].runs, sum(session.runs for session in sessions))
    assert failed >= 1


class _KilledSession(_SleepingSession):
    def act(self) -> pa.Table:
        os.kill(os.getpid(), signal.SIGKILL)
        return super().act()


@pytest.mark.parametrize(("kills", "error"), [([4, 5], MemoryError), ([4, 4], RuntimeError)])
def test_a_client_that_the_system_kills_for_memory_is_out_of_memory(
    monkeypatch: pytest.MonkeyPatch, kills: list[int], error: type[Exception]
) -> None:
    monkeypatch.setattr(closed_loop, "oom_kills", lambda: kills.pop(0))
    with pytest.raises(error, match=r"a client's process was ended by signal 9 \(SIGKILL\)"):
        run_at_once([_KilledSession(1)], Sharing.PROCESSES, RunClients(1, 0.0, 0.1))


def test_only_runs_that_end_within_the_window_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is open from 5 to 15 s; runs end after 3, 6, 9, 12 and 15 s."""
    session = _ClockedSession(1)
    session.clock = _Clock()
    monkeypatch.setattr(closed_loop, "time", session.clock)
    ran = run_at_once([session], Sharing.THREADS, RunClients(1, 5.0, 10.0, tmp_path))
    assert isinstance(ran, RanClients)
    assert (ran.counted, ran.others, ran.lead_seconds, ran.rows) == (3, 2, 3.0, (3,))
    assert [one.seconds for one in ran.kept] == [3.0] * 3
    (answer,) = ran.answers
    assert pa.ipc.open_file(str(answer)).read_all().to_pydict() == ANSWER


def test_clients_begin_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of four clients' runs of 3 s a window of 4 s has 5.3 in the mean: here 6, else 8."""
    sessions, clock = [_ClockedSession(1) for _ in range(4)], _Clock()
    for session in sessions:
        session.clock = clock
    monkeypatch.setattr(closed_loop, "time", clock)

    def side_by_side(loops: Sequence[Callable[[], object]]) -> list[object]:
        began, found = clock.now, []
        for loop in loops:
            clock.now = began  # each client's time is its own
            found.append(loop())
        return found

    monkeypatch.setattr(closed_loop, "_in_threads", side_by_side)
    ran = run_at_once(sessions, Sharing.THREADS, RunClients(4, 6.0, 4.0))
    assert isinstance(ran, RanClients)
    assert (ran.counted, ran.lead_seconds) == (6, 3.0)


def test_of_many_runs_their_quantiles_are_kept_in_the_order_of_time() -> None:
    runs = [closed_loop._Run(at, float(at * 37 % 1000), 1) for at in range(1000)]
    kept = spread(runs, 50)
    assert sorted(one.seconds for one in kept) == [10.0 + 20 * part for part in range(50)]
    assert [one.ended for one in kept] == sorted(one.ended for one in kept)
    assert spread(runs[:50], 50) == runs[:50]


def test_the_cores_of_several_clients_are_counted_together() -> None:
    cell = Cell("w", "q", "e", "small", Input.MEMORY, 2, clients=4)
    record = Record(cell, Outcome.OK, rounds=(Round(0.4, 0.2),), figures=figures())
    assert busy_cores(record) == pytest.approx(2.0)
    assert busy_cores(replace(record, cell=replace(cell, clients=None))) == pytest.approx(0.5)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system holds no process")
def test_a_process_is_held_to_cores() -> None:
    code = f"import os; from {hold_to_cores.__module__} import hold_to_cores; hold_to_cores(1); "
    done = subprocess.run(
        [sys.executable, "-c", f"{code} print(len(os.sched_getaffinity(0)))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "1\n"


YAML = f"""\
tables: {{t: t.csv}}
queries:
  q1: {MEANS}
  q2: {{sql: "{MEANS}", write: parquet}}
"""


def test_each_number_of_clients_has_cells_of_its_own(tmp_path: Path) -> None:
    project = Project(tmp_path).write(that_yaml=YAML, t_csv=TABLE)
    names = ("--engines", fakes("Serving", "OneClient", "duckdb"))
    done = project.benchmark("that.yaml", *names, "--clients", "3,1")
    assert done.code == 0, done.all
    results = project.results()
    found = {
        (c["query"], c["clients"], c["engine"].rpartition(":")[2]): c for c in results["cells"]
    }
    assert list(found) == [
        (query, clients, engine)
        for query in ("q1", "q2")
        for clients in (3, 1)
        for engine in ("Serving", "OneClient", "duckdb")
    ]
    ok = {key[:2] for key, cell in found.items() if cell["outcome"] == "ok"}
    assert ok == {("q1", 3), ("q1", 1)}
    assert found["q1", 3, "OneClient"]["reason"] == "one client only: it is a fake"
    assert found["q2", 1, "duckdb"]["reason"] == "clients that run at once would write one file"
    timed = {b["name"]: b["extra_info"] for b in results["benchmarks"]}
    assert f"q1[{fakes('Serving')}-memory-own-3c]" in timed
    assert all(info["window_runs"] > 0 for info in timed.values())
    assert results["engines"]["duckdb"]["clients"].startswith("threads of one process with a conn")
    assert "that::q1  memory · own · 3 clients · " in done.out
    line = r" ok +[\d.]+ queries/s · median \S+ m?s · 95% \S+ m?s · 3 clients · cold "
    assert re.search(line, done.out), done.out


def test_one_client_is_what_a_run_has_anyhow(tmp_path: Path) -> None:
    project = Project(tmp_path).write(that_yaml=YAML, t_csv=TABLE)
    asked = ("--engines", fakes("OneClient"), "--clients", "1")
    done = project.benchmark("that.yaml::q1", *asked)
    assert done.code == 0, done.all
    results = project.results()
    assert {(c["clients"], c["outcome"]) for c in results["cells"]} == {(None, "ok")}
    (timed,) = results["benchmarks"]
    assert timed["name"] == f"q1[{fakes('OneClient')}-memory-own]"
    assert timed["extra_info"]["window_runs"] is None
    assert "1 client" not in done.out and "queries/s" not in done.out
    assert {entry["clients"] for entry in results["engines"].values()} == {None}


@pytest.mark.parametrize("number", ["0", "1000", "two"])
def test_a_number_of_clients_that_cannot_be_is_refused(tmp_path: Path, number: str) -> None:
    project = Project(tmp_path).write(that_yaml=YAML, t_csv=TABLE)
    done = project.benchmark("that.yaml", "--clients", number)
    assert done.code == 4 and f"--clients must be 1 to 256, not {number}" in done.err
