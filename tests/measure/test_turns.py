"""The engines of a query take turns; one that fails leaves the others as they are."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.answer import AnswerSpec
from harness.data.budget import CacheBudget
from harness.engines.session import Program
from harness.errors import WorkerOutOfMemory
from harness.machine.pagecache import cached_pages
from harness.measure.cell import CellTask, Phase
from harness.measure.pool import Settings, WorkerPool
from harness.measure.rounds import Rounds
from harness.measure.turns import measure
from harness.outcome import Cell, Outcome, Record
from harness.records.cells import Stopped
from harness.tables import Input, Table
from harness.types import Column, Type
from harness.verify.referee import Referee

SCHEMA = (Column("k", Type.INT64, False), Column("mean", Type.FLOAT64))
SPEC = AnswerSpec(SCHEMA, "select k, avg(x) as mean from t group by k")


class Bench:
    """A pool and a referee over one table; ``told`` has the engines' phases in their order."""

    def __init__(self, folder: Path, referee: Referee) -> None:
        file = folder / "t.parquet"
        pq.write_table(pa.table({"k": [1, 1, 2, 3], "x": [0.0, 1.0, 12.25, None]}), file)
        table = Table("t", (Column("k", Type.INT64), Column("x", Type.FLOAT64)), 4, (file,))
        self.tables = {"t": table}
        self.pool = WorkerPool(
            Settings(
                threads=1,
                scratch=folder / "scratch",
                memory_limit=2**30,
                rounds=Rounds(fewest=3, most=3, seconds=60.0, block=0),
            )
        )
        self.referee = referee

    def measure(self, *engines: str, source: Input = Input.MEMORY, **settings: Any) -> list[Record]:
        """Measures engines in turns; returns their records in the order in which they were done."""
        self.pool.settings = replace(self.pool.settings, **settings)
        self.told: list[tuple[str, Phase, int]] = []
        ended: list[Record] = []
        tasks = [self._task(engine, source) for engine in engines]
        measure(tasks, self.pool, self.referee, self._tell, ended.append)
        return ended

    def again(self, records: Sequence[Record], rounds: Rounds) -> list[Record]:
        """Measures a further pass of recorded cells in fresh processes; returns the new records."""
        self.pool.close()
        ended: list[Record] = []
        tasks = [replace(self._task(short(r.cell), r.cell.input), before=r) for r in records]
        measure(tasks, self.pool, self.referee, self._tell, ended.append, rounds)
        return ended

    def _task(self, engine: str, source: Input) -> CellTask:
        cell = Cell("fake", "q", f"tests.fakes.engines:{engine}", "small", source, 1)
        return CellTask(cell, Program("pids", "python"), SPEC, self.tables, "v1")

    def _tell(self, cell: Cell, phase: Phase, number: int) -> None:
        self.told.append((short(cell), phase, number))

    def order(self, phase: Phase) -> str:
        """Returns the engines' first letters, in the order in which the phase began for each."""
        return "".join(name[0] for name, told, _ in self.told if told is phase)


def short(cell: Cell) -> str:
    return cell.engine.rpartition(":")[2]


@pytest.fixture(scope="module")
def referee(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Referee]:
    """Returns a referee for all tests of the module, whose tables are the same."""
    folder = tmp_path_factory.mktemp("referee")
    with Referee(CacheBudget(folder / "cache", "run", 0), folder / "scratch", threads=1) as referee:
        yield referee


@pytest.fixture
def bench(tmp_path: Path, referee: Referee) -> Iterator[Bench]:
    bench = Bench(tmp_path, referee)
    yield bench
    bench.pool.close()


def test_engines_take_turns(bench: Bench) -> None:
    records = bench.measure("Right", "Chatty", "Sleepy")
    assert bench.order(Phase.COLD) == "RCS"
    order = bench.order(Phase.ROUND)
    assert [sorted(order[turn : turn + 3]) for turn in (0, 3, 6)] == [["C", "R", "S"]] * 3
    assert [short(record.cell) for record in records] == ["Right", "Chatty", "Sleepy"]
    for record in records:
        assert (record.outcome, record.figures.interleaved) == (Outcome.OK, True)
        assert [one.turn for one in record.rounds] == [0, 1, 2]


@pytest.mark.parametrize("engines", [("Right", "Chatty"), ("Right", "Chatty", "Sleepy")])
def test_each_engine_follows_each_other_one_and_never_itself(
    bench: Bench, engines: tuple[str, ...]
) -> None:
    bench.measure(*engines, rounds=Rounds(fewest=30, most=30, seconds=60.0, block=0))
    order = bench.order(Phase.ROUND)
    followed = Counter(itertools.pairwise(order))
    names = [engine[0] for engine in engines]
    assert set(followed) == set(itertools.permutations(names, 2))
    assert min(followed.values()) > len(order) / len(followed) / 2


def test_a_block_is_counted_after_rounds_that_are_not(bench: Bench) -> None:
    """A round takes 20 ms: in a block of 0.1 s five rounds are counted, after one that is not."""
    rounds = Rounds(fewest=10, most=10, seconds=60.0, block=0.1)
    one, other = bench.measure("Punctual", "Exact", rounds=rounds)
    for record in (one, other):
        assert [r.turn for r in record.rounds] == [0] * 5 + [1] * 5
    order = bench.order(Phase.ROUND)
    assert sorted(order[:10]) == sorted(order[10:]) == ["E"] * 5 + ["P"] * 5


def test_a_round_as_long_as_a_block_is_one_by_itself(bench: Bench) -> None:
    rounds = Rounds(fewest=3, most=3, seconds=60.0, block=0.02)
    one, _ = bench.measure("Punctual", "Exact", rounds=rounds)
    assert [r.turn for r in one.rounds] == [0, 1, 2]
    assert sorted(bench.order(Phase.ROUND)) == ["E"] * 3 + ["P"] * 3


def test_what_an_engine_takes_does_not_depend_on_its_neighbours(bench: Bench) -> None:
    """Drowsy takes 6 ms after a pause, else 2 ms. Beside Sleepy only uncounted rounds have 6 ms."""
    rounds = Rounds(fewest=20, most=60, seconds=60.0, block=0.05)
    (alone,) = bench.measure("Drowsy", rounds=rounds)
    beside = bench.measure("Drowsy", "Sleepy", rounds=rounds)
    drowsy = next(record for record in beside if short(record.cell) == "Drowsy")
    assert {r.seconds for r in alone.rounds} == {r.seconds for r in drowsy.rounds} == {0.002}
    single = bench.measure("Drowsy", "Sleepy", rounds=Rounds(20, 60, 60.0, block=0))
    drowsy = next(record for record in single if short(record.cell) == "Drowsy")
    assert 0.006 in {r.seconds for r in drowsy.rounds}  # which blocks leave out


def test_one_that_fails_is_told_at_once_and_the_others_go_on(bench: Bench) -> None:
    records = bench.measure("Right", "Raising", "Shrinking", "Sleepy")
    assert [(short(r.cell), str(r.outcome)) for r in records] == [
        ("Raising", "error"),
        ("Shrinking", "wrong"),
        ("Right", "ok"),
        ("Sleepy", "ok"),
    ]
    turns = [number for _, phase, number in bench.told if phase is Phase.ROUND]
    assert sorted(turns) == [1, 1, 1, 2, 2, 3, 3]


def test_rounds_end_together(bench: Bench) -> None:
    one, other = bench.measure("Punctual", "Exact", rounds=Rounds(fewest=4, most=400, block=0))
    assert (one.figures.stopped, other.figures.stopped) == (Stopped.SURE, Stopped.SURE)
    assert len(one.rounds) >= 4
    assert [r.turn for r in one.rounds] == [r.turn for r in other.rounds]


def test_who_was_sure_goes_on_beside_one_that_is_not(bench: Bench) -> None:
    rounds = Rounds(fewest=2, most=8, seconds=60.0, block=0)
    steady, other = bench.measure("Punctual", "Wavering", rounds=rounds)
    assert (steady.figures.stopped, other.figures.stopped) == (Stopped.SURE, Stopped.ROUNDS)
    assert len(steady.rounds) == len(other.rounds) == 8


def test_each_pass_is_a_process_that_runs_once_before_its_rounds(bench: Bench) -> None:
    rounds = Rounds(fewest=2, most=2, seconds=60.0, block=0)
    records = bench.measure("Diarist", "Sleepy", rounds=rounds)
    first = records[0].figures
    for _ in range(2):
        records = bench.again(records, rounds.later(60.0))
    assert [short(record.cell) for record in records] == ["Diarist", "Sleepy"]
    for record in records:
        assert (record.outcome, record.figures.cold_process) == (Outcome.OK, True), record.reason
        assert [one.process for one in record.rounds] == [0, 0, 1, 1, 2, 2]
        assert [one.turn for one in record.rounds] == [0, 1, 2, 3, 4, 5]
    figures, loops = records[0].figures, first.loops
    assert (figures.cold_seconds, figures.loops) == (first.cold_seconds, loops)
    assert figures.uncounted_rounds == first.uncounted_rounds + 2
    runs = bench.tables["t"].parquet[0].with_name("diary").read_text().split()
    by_process = [len(list(each)) for _, each in itertools.groupby(runs)]
    choosing = int(loops > 1)  # a run of a slow moment is long enough to be a round itself
    assert by_process == [1 + choosing + 2 * loops, 3 * loops, 3 * loops]
    assert len(set(runs)) == 3


def test_the_order_of_turns_is_drawn_anew_in_a_later_pass(bench: Bench) -> None:
    engines, rounds = ("Right", "Chatty", "Sleepy"), Rounds(fewest=9, most=9, seconds=60, block=0)
    records = bench.measure(*engines, rounds=rounds)
    before = bench.order(Phase.ROUND)
    bench.told.clear()
    records = bench.again(records, rounds.later(60.0))
    after = bench.order(Phase.ROUND)
    assert before != after and Counter(before) == Counter(after)
    assert [sorted(after[at : at + 3]) for at in range(0, 27, 3)] == [["C", "R", "S"]] * 9
    assert all(record.figures.interleaved for record in records)


def test_an_error_in_a_later_pass_is_the_cell_s(bench: Bench) -> None:
    rounds = Rounds(fewest=2, most=2, seconds=60.0, block=0)
    records = bench.measure("Reborn", "Sleepy", rounds=rounds)
    found = {short(r.cell): r for r in bench.again(records, rounds.later(60.0))}
    assert found["Reborn"].outcome is Outcome.ERROR
    assert "not the first process" in found["Reborn"].reason
    assert len(found["Sleepy"].rounds) == 4


def test_an_engine_that_used_up_its_time_leaves_the_others(bench: Bench) -> None:
    rounds = Rounds(fewest=6, most=9, seconds=0.06, block=0)
    slow, quick = bench.measure("Punctual", "Brisk", rounds=rounds)
    assert (short(slow.cell), slow.figures.stopped) == ("Punctual", Stopped.BUDGET)
    assert quick.figures.stopped is Stopped.SURE
    assert [one.turn for one in slow.rounds] == list(range(len(slow.rounds)))
    assert len(slow.rounds) < 6 <= len(quick.rounds)


def test_a_cell_that_has_ended_is_told_before_others_go_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[Record] = []

    def interrupted(cell: Cell, phase: Phase, number: int) -> None:
        if short(cell) == "Brisk" and phase is Phase.ROUND and number > 3:
            raise KeyboardInterrupt

    bench.pool.settings = replace(bench.pool.settings, rounds=Rounds(6, 9, seconds=0.06, block=0))
    tasks = [bench._task(engine, Input.MEMORY) for engine in ("Punctual", "Brisk")]
    with pytest.raises(KeyboardInterrupt):
        measure(tasks, bench.pool, bench.referee, interrupted, ended.append)
    assert [(short(r.cell), r.figures.stopped) for r in ended] == [("Punctual", Stopped.BUDGET)]


def test_a_short_program_is_looped_and_reported_for_one_run(bench: Bench) -> None:
    rounds = Rounds(fewest=3, most=3, seconds=60.0, block=0.5)  # a slow moment chooses no loops
    right, sleepy = bench.measure("Right", "Sleepy", rounds=rounds)
    assert right.figures.loops > 1 and sleepy.figures.loops == 1
    assert 0 < median(one.seconds for one in right.rounds) < 0.005
    assert 0.02 <= median(one.seconds for one in sleepy.rounds) < 0.2
    assert right.figures.stopped in (Stopped.SURE, Stopped.ROUNDS)


def test_the_time_to_load_tables_is_kept(bench: Bench) -> None:
    (record,) = bench.measure("Right")
    assert record.figures.load_seconds is not None and record.figures.load_seconds > 0
    assert record.figures.interleaved is False


@pytest.mark.parametrize(
    ("source", "asked", "second"),
    [(Input.MEMORY, False, False), (Input.MEMORY, True, True), (Input.PARQUET, False, True)],
)
def test_a_fresh_process_runs_what_reads_files_and_what_is_asked_for(
    bench: Bench, source: Input, asked: bool, second: bool
) -> None:
    (first,) = bench.measure("Right", source=source, cold_process=asked)
    records = bench.measure("Right", "Chatty", source=source)
    fresh = {short(record.cell): record.figures.cold_process for record in records}
    assert (first.figures.cold_process, fresh["Chatty"], fresh["Right"]) == (True, True, second)
    assert (records[0].figures.load_seconds is None) == (source is not Input.MEMORY)


def test_files_are_evicted_before_a_cold_run_where_that_is_asked(bench: Bench) -> None:
    file = bench.tables["t"].parquet[0]
    for asked, told in ((False, None), (True, True)):
        file.read_bytes()
        (record,) = bench.measure("Right", source=Input.PARQUET, drop_caches=asked)
        assert record.figures.caches_dropped is told
        assert (cached_pages(file) == 0) == asked  # the fake engine does not read it
    (record,) = bench.measure("Right")
    assert record.figures.caches_dropped is None  # its tables are loaded


def test_without_room_for_all_one_engine_follows_another(bench: Bench) -> None:
    records = bench.measure("Right", "Chatty", together_limit=0)
    assert bench.order(Phase.ROUND) == "RRRCCC"
    told = [(record.outcome, record.figures.interleaved) for record in records]
    assert told == [(Outcome.OK, False)] * 2


def test_room_that_turns_out_too_small_lets_one_engine_follow_another(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([True, True, True, False])
    monkeypatch.setattr(bench.pool, "fits", lambda cells, tables: next(answers))
    records = bench.measure("Right", "Chatty")
    assert bench.order(Phase.COLD) == "R" + "RC"
    assert bench.order(Phase.ROUND) == "RRRCCC"
    assert [record.figures.interleaved for record in records] == [False, False]


@pytest.mark.parametrize("crowded", [True, False])
def test_memory_that_others_hold_is_not_held_against_an_engine(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, crowded: bool
) -> None:
    monkeypatch.setattr(bench.pool, "crowds", lambda cell: crowded)
    monkeypatch.setattr(bench.pool, "worker_for", _short_of_memory_once(bench.pool, "Sleepy"))
    records = {short(r.cell): r for r in bench.measure("Right", "Sleepy")}
    assert records["Right"].outcome is Outcome.OK
    assert records["Sleepy"].outcome is (Outcome.OK if crowded else Outcome.OOM)


def _short_of_memory_once(pool: WorkerPool, engine: str):  # noqa: ANN202
    real, failed = pool.worker_for, set()

    def worker_for(cell: Cell, *arguments: object) -> object:
        if short(cell) == engine and cell not in failed:
            failed.add(cell)
            raise WorkerOutOfMemory("none left")
        return real(cell, *arguments)

    return worker_for
