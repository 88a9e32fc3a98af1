"""SQL is compiled in a process of its own; if that fails, one query or program is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import engines
from harness.errors import Unsupported, WorkerDied
from harness.plan import compile_query
from harness.plan.tree.text import tree
from harness.tables import Input
from harness.types import Column, Type
from harness.workload import compiler, reader
from harness.workload.compiler import Compiler, described
from harness.workload.file import load
from harness.workload.reader import Reader
from tests.support.benchmark_runs import MEANS, TABLE, Project, fakes
from tests.support.interrupts import heed_interrupts
from tests.support.shares import WHOLE
from tests.workload.test_hostile import self_joins

SCHEMAS = {"t": (Column("k", Type.INT64, False), Column("x", Type.FLOAT64, True))}
ENDLESS = fakes("Backtracking")


@pytest.fixture(scope="module")
def process() -> Iterator[Reader]:
    with Reader() as process:
        yield process


def compiler_of(folder: Path, process: Reader, **queries: str) -> Compiler:
    text = "".join(f"  {name}: |\n    {sql}\n" for name, sql in queries.items())
    file = folder / "w.yaml"
    file.write_text(f"tables: {{t: t.csv}}\nqueries:\n{text}")
    return Compiler(load(file), process)


def test_what_is_known_of_a_query_is_what_the_plan_layer_says(
    tmp_path: Path, process: Reader
) -> None:
    sql = f"{MEANS} order by mean desc limit 2"
    made, expected = compiler_of(tmp_path, process, q=sql), compile_query(sql, SCHEMAS)
    query = made.workload.query("q")
    planned = made.query(query, SCHEMAS)
    assert expected.plan is not None
    assert planned.spec == expected.spec
    assert planned.plan == tree(expected.plan)
    assert planned.typed_plan == tree(expected.plan, types=True)
    assert planned.unsupported == ""
    program = made.program(query, SCHEMAS, "polars", Input.MEMORY)
    tables = described(made.workload, SCHEMAS)
    assert program == engines.get("polars").compile(expected, tables, Input.MEMORY)


@pytest.mark.parametrize(
    ("engine", "kind", "told"),
    [
        ("Backtracking", Unsupported, r"^not compiled for Right: its program takes more than 2 s$"),
        ("Grasping", Unsupported, r"^not compiled for Right: its program takes more than 1 GB$"),
        ("Aborting", WorkerDied, r"^the process was ended by signal 6 \(SIGABRT\)"),
    ],
)
def test_a_program_that_ends_its_maker_costs_no_other(
    tmp_path: Path,
    process: Reader,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
    kind: type[Exception],
    told: str,
) -> None:
    monkeypatch.setattr(compiler, "SECONDS", 2.0 if engine == "Backtracking" else 10.0)
    made = compiler_of(tmp_path, process, q=MEANS)
    query, began = made.workload.query("q"), time.monotonic()
    with pytest.raises(kind, match=told):
        made.program(query, SCHEMAS, fakes(engine), Input.MEMORY)
    assert time.monotonic() - began < 60
    assert "pl." in made.program(query, SCHEMAS, "polars", Input.MEMORY).text


@pytest.mark.parametrize(("waiting", "made"), [(6, True), (1.5, False)])
def test_waiting_is_not_compiling_up_to_a_bound(
    tmp_path: Path,
    process: Reader,
    monkeypatch: pytest.MonkeyPatch,
    waiting: float,
    made: bool,
) -> None:
    monkeypatch.setattr(compiler, "SECONDS", 1.0)
    monkeypatch.setattr(reader, "MOST_WAITING", waiting)
    compile_ = compiler_of(tmp_path, process, q=MEANS)
    outcome = contextlib.nullcontext() if made else pytest.raises(Unsupported, match=r"than 1 s$")
    with outcome:
        compile_.program(compile_.workload.query("q"), SCHEMAS, fakes("Dozing"), Input.MEMORY)


def test_a_process_that_holds_too_much_is_replaced_without_a_word(
    tmp_path: Path, process: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = compiler_of(tmp_path, process, q=MEANS)
    query = made.workload.query("q")
    made.query(query, SCHEMAS)
    before = process.client().pid
    made.program(query, SCHEMAS, "pandas", Input.MEMORY)
    assert process.client().pid == before
    monkeypatch.setattr(reader, "HELD_BYTES", 1)
    made.program(query, SCHEMAS, "polars", Input.MEMORY)
    assert process.client().pid != before


@pytest.mark.parametrize(
    "sql",
    [
        "select " + " + ".join(["k"] * 5_000) + " as x from t",
        f"select k from t where k in ({', '.join(map(str, range(100_000)))})",
        f"select k from t where (k, x) not in ({', '.join(f'({n}, {n})' for n in range(2_000))})",
    ],
    ids=["sums", "numbers", "rows"],
)
def test_long_sql_ends_at_its_limit_and_the_others_are_compiled(
    tmp_path: Path, process: Reader, monkeypatch: pytest.MonkeyPatch, sql: str
) -> None:
    monkeypatch.setattr(compiler, "SECONDS", 2.0)
    made = compiler_of(tmp_path, process, bad=sql, good=MEANS, wrong="select kk from t")
    long, wrong = map(str, made.check(SCHEMAS).values())
    assert "w.yaml:4: query 'bad': to compile it takes more than 2 s; write it as several" in long
    assert long.endswith("or put a long list into a table")
    assert "w.yaml:8: query 'wrong': no column 'kk'" in wrong
    assert made.query(made.workload.query("good"), SCHEMAS).plan


def test_a_query_whose_reader_dies_is_told_with_its_line(tmp_path: Path, process: Reader) -> None:
    made = compiler_of(tmp_path, process, bad=self_joins(25), good=MEANS)
    die = threading.Timer(0.5, os.kill, (process.client().pid, signal.SIGSEGV))
    die.start()
    (error,) = made.check(SCHEMAS).values()
    assert "w.yaml:4: query 'bad': the harness failed; please report this: the process" in str(
        error
    )
    assert "was ended by signal 11 (SIGSEGV)" in str(error)


def test_a_file_has_a_time_for_all_its_queries(
    tmp_path: Path, process: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiler, "FILE_SECONDS", 0.5)
    made = compiler_of(tmp_path, process, **{f"q{n}": self_joins(25) for n in range(3)})
    began = time.monotonic()
    assert len(made.check(SCHEMAS)) == 3 and time.monotonic() - began < 60


def test_a_file_has_room_for_so_many_characters_of_programs(
    tmp_path: Path, process: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiler, "FILE_CHARACTERS", 300)
    made = compiler_of(tmp_path, process, a=MEANS, b=MEANS, c=MEANS, d=MEANS)
    told = [str(error) for error in made.check(SCHEMAS).values()]
    assert told and all("comes after 300 characters of the file's others" in one for one in told)


def test_what_is_told_of_a_query_is_short(tmp_path: Path, process: Reader) -> None:
    made = compiler_of(tmp_path, process, long=f'select "{"a" * 5_000}" from t')
    (error,) = made.check(SCHEMAS).values()
    assert "no column 'aaa" in str(error) and len(error.message) < 1_200


def test_sql_may_be_nested_as_deep_as_duckdb_takes_it(tmp_path: Path, process: Reader) -> None:
    for sql in (
        "select " + "abs(" * 200 + "k" + ")" * 200 + " as x from t",
        "select " + " + ".join(["k"] * 300) + " as x from t",
        f"select case {' '.join(f'when k = {n} then {n % 7}' for n in range(500))} end as x from t",
    ):
        made = compiler_of(tmp_path, process, q=sql)
        assert made.query(made.workload.query("q"), SCHEMAS).plan is not None


@pytest.mark.parametrize("engine", ["pandas", "polars", "pyarrow"])
def test_a_program_too_deep_for_python_is_unsupported(
    tmp_path: Path, process: Reader, engine: str
) -> None:
    """Python's parser reads 200 brackets within brackets."""
    sql = "select " + "greatest(1, k * " * 201 + "k" + ")" * 201 + " as x from t"
    made = compiler_of(tmp_path, process, deep=sql)
    label = engines.get(engine).label
    with pytest.raises(Unsupported, match=f"^not compiled for {label}: it is nested too deeply$"):
        made.program(made.workload.query("deep"), SCHEMAS, engine, Input.MEMORY)


# ------------------------------------------------------------------ the process' end


def project_in(folder: Path, **texts: str) -> Project:
    texts = {"w_yaml": f"tables: {{t: t.csv}}\nqueries:\n  q: {MEANS}\n", **texts}
    return Project(folder).write(t_csv=TABLE, **texts)


SPY = """
import psutil
def pytest_runtest_logstart():
    print("children:", [p.cmdline() for p in psutil.Process().children()])
"""


def test_nothing_is_measured_beside_it(tmp_path: Path) -> None:
    project = project_in(tmp_path, conftest_py=SPY)
    done = project.benchmark("w.yaml", "--engines", "duckdb", "-s")
    assert done.code == 0 and "children: []" in done.out, done.all


@pytest.mark.parametrize(
    "arguments",
    [("--collect-only",), ("--engines", "no_such"), *([("-n", "2"), ("--help",)] if WHOLE else [])],
)
def test_it_is_gone_when_pytest_ends(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    project = project_in(tmp_path)
    project.benchmark("w.yaml", *arguments, TMPDIR=str(tmp_path))
    assert project.processes() == []
    assert list(tmp_path.glob("enginebench-*")) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_goes_on_when_pytest_is_interrupted_or_killed(
    tmp_path: Path, number: signal.Signals
) -> None:
    project = project_in(tmp_path)
    command = project.command("--benchmark", "w.yaml", "--engines", ENDLESS, "--collect-only")
    environment = {**project.environment, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    ) as pytest_itself:
        end = time.monotonic() + 60
        while not list(tmp_path.rglob("compiling")) and time.monotonic() < end:
            time.sleep(0.05)
        pytest_itself.send_signal(number)
        out, _ = pytest_itself.communicate(timeout=60)
    assert pytest_itself.returncode == (2 if number == signal.SIGINT else -number), out
    assert "takes more than" not in out
    assert project.all_gone()
    left = list(tmp_path.glob("enginebench-*"))
    assert bool(left) == (number == signal.SIGKILL)
