"""Measuring cells: what goes wrong with a fake engine is in its own cell's record only."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.answer import AnswerSpec, SortKey
from harness.data.budget import CacheBudget
from harness.engines.session import Program
from harness.measure.cell import CellTask, Phase
from harness.measure.pool import Settings, WorkerPool
from harness.measure.rounds import Rounds
from harness.measure.turns import measure
from harness.outcome import Cell, Outcome, Record
from harness.tables import Input, Table
from harness.types import Column, Type
from harness.verify.referee import Referee

SCHEMA = (Column("k", Type.INT64, False), Column("mean", Type.FLOAT64))
SQL = "select k, avg(x) as mean from t group by k"


class Bench:
    """A pool and a referee over one table; ``told`` collects the phases of cells."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        file = folder / "t.parquet"
        pq.write_table(pa.table({"k": [1, 1, 2, 3], "x": [0.0, 1.0, 12.25, None]}), file)
        table = Table("t", (Column("k", Type.INT64), Column("x", Type.FLOAT64)), 4, (file,))
        self.tables = {"t": table}
        self.pool = WorkerPool(settings)
        self.referee = Referee(CacheBudget(folder / "cache", "run", 0), settings.scratch, threads=1)
        self.told: list[Phase] = []

    def task(self, engine: str, spec: AnswerSpec | None = None, **rest: bool) -> CellTask:
        cell = Cell("fake", "q", f"tests.fakes.engines:{engine}", "small", Input.MEMORY, 1)
        program = Program("pids", "python")
        return CellTask(cell, program, spec or AnswerSpec(SCHEMA, SQL), self.tables, "v1", **rest)

    def measure(self, engine: str, spec: AnswerSpec | None = None, **rest: bool) -> Record:
        return self.measure_together([self.task(engine, spec, **rest)])[0]

    def measure_together(self, tasks: list[CellTask]) -> list[Record]:
        """Measures cells in turns; returns their records in the order in which they were done."""
        ended: list[Record] = []
        measure(tasks, self.pool, self.referee, self.tell, ended.append)
        return ended

    def tell(self, cell: Cell, phase: Phase, number: int) -> None:
        self.told.append(phase)

    def close(self) -> None:
        self.pool.close()
        self.referee.close()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("measure")
    settings = Settings(
        threads=1,
        scratch=folder / "scratch",
        timeout=2.5,
        setup_timeout=60.0,
        memory_limit=400 * 2**20,
        rounds=Rounds(fewest=2, most=3, seconds=1.0, block=0),
    )
    bench = Bench(folder, settings)
    yield bench
    bench.close()


def test_a_right_answer_is_timed_cold_and_hot(bench: Bench) -> None:
    record = bench.measure("Right")
    assert (record.outcome, record.reason, record.figures.rows) == (Outcome.OK, "", 3)
    assert record.figures.cold_seconds is not None and record.figures.cold_seconds > 0
    assert 2 <= len(record.rounds) <= 3
    assert all(one.seconds > 0 for one in record.rounds)
    assert record.figures.baseline_bytes is not None and record.figures.peak_bytes is not None
    assert 0 < record.figures.baseline_bytes <= record.figures.peak_bytes
    phases = list(bench.told)
    assert phases[:5] == [Phase.START, Phase.LOAD, Phase.COLD, Phase.CHECK, Phase.ROUND]


@pytest.mark.parametrize(
    ("engine", "outcome", "reason"),
    [
        ("Wrong", Outcome.WRONG, "row 2, column 'mean': 12.5, expected 12.25"),
        ("Shrinking", Outcome.WRONG, "hot round 1 gave 2 rows, the checked run 3"),
        ("Raising", Outcome.ERROR, "ValueError: no such column: flavour"),
        ("Unable", Outcome.UNSUPPORTED, "Unable cannot: this"),
        ("Exiting", Outcome.ERROR, "exit code 3"),
        ("Crashing", Outcome.ERROR, "SIGSEGV"),
        ("Hanging", Outcome.TIMEOUT, "not done after 2.5 s"),
        ("Hungry", Outcome.OOM, "the limit is 0.39 GiB"),
        ("Refusing", Outcome.OOM, "bad_alloc"),
        ("Unloadable", Outcome.ERROR, "setting up tests.fakes.engines:Unloadable: OSError"),
        ("Missing", Outcome.ERROR, "Missing"),
    ],
)
def test_a_misbehaving_engine_costs_its_own_cell_only(
    bench: Bench, engine: str, outcome: Outcome, reason: str
) -> None:
    before = bench.measure("Right")
    record = bench.measure(engine)
    assert record.outcome is outcome
    assert reason in record.reason
    assert (record.figures, record.rounds) == (None, ())
    assert before.outcome is bench.measure("Right").outcome is Outcome.OK


@pytest.mark.parametrize("engine", ["Writing", "Scattering"])
def test_a_written_answer_is_checked_too(bench: Bench, engine: str) -> None:
    assert bench.measure(engine, writes=True).outcome is Outcome.OK


def test_noise_on_stdout_harms_nothing(bench: Bench) -> None:
    assert bench.measure("Chatty").outcome is Outcome.OK


def test_answers_are_removed_once_they_are_checked(bench: Bench) -> None:
    bench.measure("Right")
    bench.measure("Wrong")
    assert list(bench.pool.settings.scratch.rglob("handed-over*")) == []


def test_what_a_cell_leaves_of_its_answer_fills_no_disk(bench: Bench) -> None:
    record = bench.measure("HalfGiven")
    assert (record.outcome, record.reason[:10]) == (Outcome.ERROR, "TypeError:")
    left = [file.name for file in bench.pool.settings.scratch.rglob("*") if file.is_file()]
    assert not [name for name in left if "handed" in name or "HalfGiven" in name]


def test_a_process_is_kept_for_the_next_query_and_replaced_after_an_error(bench: Bench) -> None:
    def pid(engine: str, native: bool = False) -> int:
        task = bench.task(engine)
        task = replace(task, program=replace(task.program, file="mine.py" if native else ""))
        bench.measure_together([task])
        return bench.pool.worker_for(task.cell, task.tables, lambda: None).client.pid

    assert pid("Right") == pid("Right")
    assert pid("Right") != pid("Right", native=True)
    assert pid("Wrong") == pid("Wrong")
    assert pid("Raising") != pid("Raising")
    assert pid("Unable") == pid("Unable")
    assert pid("Spoiling") != pid("Spoiling")


def test_the_last_answer_is_right_or_the_cell_is_wrong(bench: Bench) -> None:
    record = bench.measure("Spoiling")
    assert (record.outcome, record.rounds) == (Outcome.WRONG, ())
    told = "right in the first run, and not in the last: row 2, column 'mean': 0.0, expected 12.25"
    assert record.reason == told


def test_a_set_up_that_keeps_failing_is_not_tried_for_ever(bench: Bench) -> None:
    records = [bench.measure("Unloadable") for _ in range(4)]
    assert "times before" in records[-1].reason
    assert "upside down" in records[-1].reason


def test_a_reference_that_cannot_be_computed_is_told_for_every_engine(bench: Bench) -> None:
    spec = AnswerSpec(SCHEMA, "select 'x'::int as k, 1.0 as mean from t")
    for engine in ("Right", "Wrong"):
        record = bench.measure(engine, spec)
        assert record.outcome is Outcome.ERROR
        assert "Could not convert string" in record.reason


def test_a_reference_sees_no_file_but_its_tables(bench: Bench, tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"k": [1]}), other)
    record = bench.measure("Right", AnswerSpec(SCHEMA, f"select k, 1.0 as mean from '{other}'"))
    assert record.outcome is Outcome.ERROR
    assert f"reads the tables that its file declares, not '{other}'" in record.reason


def limited(widened: str) -> AnswerSpec:
    """Returns the spec of ``ORDER BY … LIMIT 3`` over four rows; fake engines answer without k = 4.

    ``widened`` is the SQL of the rows' rank, such as a constant, by which they all tie.
    """
    rows = "(values (1, 0.5), (2, 12.25), (3, null), (4, 4.0)) v(k, mean)"
    plain = f"select k, mean::double as mean from {rows} order by k limit 3"
    wide = f"select k, mean::double as mean, {widened} as __rank from {rows}"
    return AnswerSpec(SCHEMA, plain, limit=3, widened_sql=wide)


def test_ties_at_a_limit_are_looked_up_in_the_widened_reference(bench: Bench) -> None:
    assert bench.measure("Right", limited("1")).outcome is Outcome.OK
    assert bench.measure("Wrong", limited("1")).outcome is Outcome.WRONG


def test_a_widened_reference_that_contradicts_the_query_is_told(bench: Bench) -> None:
    record = bench.measure("Right", limited("5 - k"))
    assert record.outcome is Outcome.ERROR
    assert "disagree" in record.reason


def test_a_reference_is_read_from_csv_where_there_is_no_parquet(
    bench: Bench, tmp_path: Path
) -> None:
    file = tmp_path / "t.csv"
    file.write_text("k,x\n1,0.5\n2,12.25\n3,\n")
    table = replace(bench.tables["t"], parquet=(), csv=(file,))
    spec = AnswerSpec(SCHEMA, SQL, order=(SortKey("k"),))
    reference = bench.referee.reference({"t": table}, "csv", spec)
    answer = tmp_path / "a.parquet"
    pq.write_table(pa.table({"k": [1, 2, 3], "mean": [0.5, 12.25, None]}), answer)
    assert bench.referee.check(answer, spec, reference) is None


def test_a_reference_is_computed_once_and_kept_on_disk(bench: Bench, tmp_path: Path) -> None:
    spec = AnswerSpec(SCHEMA, SQL)
    budget = CacheBudget(tmp_path / "kept", "run", 0)
    with Referee(budget, tmp_path / "one", threads=1) as referee:
        path = referee.reference(bench.tables, "v1", spec).path
    number = path.stat().st_ino
    gone = {"t": replace(bench.tables["t"], parquet=(tmp_path / "gone.parquet",))}
    with Referee(budget, tmp_path / "two", threads=1) as referee:
        assert referee.reference(gone, "v1", spec).path.stat().st_ino == number


def test_ctrl_c_while_measuring_goes_up(bench: Bench) -> None:
    def interrupted(cell: Cell, phase: Phase, number: int) -> None:
        if phase is Phase.COLD:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure([bench.task("Right")], bench.pool, bench.referee, interrupted, lambda record: None)
    assert bench.measure("Right").outcome is Outcome.OK


@pytest.mark.parametrize("wrong", [{"threads": 0}, {"timeout": 0.0}])
def test_settings_that_cannot_be_met_are_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        replace(Settings(1, tmp_path), **wrong)


def test_the_measuring_process_imports_no_engine() -> None:
    code = "import sys, harness.measure.cell; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"pyarrow", "numpy", "duckdb", "pandas", "polars"})
