"""The command ``harness``: programs, plans and the state of this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow
import pytest
from typer.testing import CliRunner, Result

import harness.engines
from harness.commands.cli import app
from harness.engines.installed import installed_bytes
from harness.plan import PASSES
from tests.support.benchmark_runs import AVAILABLE, TABLE, Project

YAML = """\
title: Mine
tables: {t: t.csv}
queries:
  q1: select k, avg(x) as mean from t group by k
  second:
    title: The second question
    sql: select max(x) as m from t
"""
GENERATED = """\
data: {generator: groupby, sizes: {tiny: {rows: 100}, small: {rows: 1000}}}
queries: {q1: select id1 from x}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Project(tmp_path).write(mine_yaml=YAML, t_csv=TABLE, made_yaml=GENERATED)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENGINEBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path


def harness_(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_show_prints_the_very_program_that_runs(folder: Path) -> None:
    shown = harness_("show", "mine.yaml::q1", "--engine", "polars", "--input", "csv")
    assert shown.exit_code == 0, shown.output
    namespace: dict[str, object] = {}
    exec(shown.stdout, namespace)
    assert callable(namespace["query"])
    assert "pl.scan_csv(" in shown.stdout
    query = namespace["query"]
    assert callable(query)
    assert sorted(query(lambda name: f"{name}.csv").rows(), key=str) == [
        (1, 0.5),
        (2, 12.25),
        (3, None),
    ]


def test_show_prints_sql_for_an_engine_that_speaks_it(folder: Path) -> None:
    shown = harness_("show", "mine.yaml::q1", "--engine", "duckdb")
    assert shown.stdout == "select k, avg(x) as mean from t group by k\n"


def test_show_without_an_engine_prints_all_under_their_names(folder: Path) -> None:
    shown = harness_("show", "mine.yaml::q1")
    assert {"-- DuckDB", "# pandas", "# Polars"} <= set(shown.stdout.splitlines())


def test_show_leaves_nothing_out_of_a_text_that_colours(folder: Path) -> None:
    sql = "select k, '\\e[31mred\\e[0m' as s from t"
    (folder / "red.yaml").write_text(f'tables: {{t: t.csv}}\nqueries: {{q: "{sql}"}}\n')
    shown = harness_("show", "red.yaml::q", "--engine", "duckdb")
    assert shown.stdout == "select k, '\x1b[31mred\x1b[0m' as s from t\n"


@pytest.mark.parametrize("command", ["show", "plan"])
def test_without_a_query_the_queries_are_listed(folder: Path, command: str) -> None:
    assert harness_(command, "mine.yaml").stdout == "Mine\n  q1\n  second  The second question\n"


def test_plan_prints_steps_with_types_and_nullability(folder: Path) -> None:
    assert harness_("plan", "mine.yaml::q1").stdout == (
        "Aggregate by k: avg(x) as mean\n"
        "  → k int64 not null, mean float64\n"
        "  Scan t (k, x)\n"
        "    → k int64 not null, x float64\n"
    )


def test_plan_prints_what_each_step_of_the_compilation_makes(folder: Path) -> None:
    told = harness_("plan", "mine.yaml::q1", "--steps").stdout
    names = [line.removeprefix("== ") for line in told.splitlines() if line.startswith("== ")]
    assert names == ["checked", "lower", *(change.__name__ for change in PASSES)]
    assert 'AVG(t.x) AS "mean"' in told
    assert told.count("(as before)") >= 3
    assert told.index("== lower") < told.index("Aggregate by k: avg(x) as mean")


def test_plan_prints_what_is_run_as_written(folder: Path) -> None:
    sql = "select a.k from t a join t b on a.k = b.k where b.x > 1"
    (folder / "own.yaml").write_text(f"tables: {{t: t.csv}}\nqueries: {{q: {sql}}}\n")
    written = harness_("plan", "own.yaml::q", "--as-written").stdout
    assert written.index("Filter") < written.index("Join") and "x" in written
    planned = harness_("plan", "own.yaml::q").stdout
    assert planned.index("Filter") > planned.index("Join")
    steps = harness_("plan", "own.yaml::q", "--as-written", "--steps").stdout
    assert [line for line in steps.splitlines() if line.startswith("==")] == [
        *("== checked", "== lower", "== merged")
    ]


def test_gpucheck_is_a_command_that_says_what_is_missing() -> None:
    done = harness_("gpucheck", "--parts", "tiny")
    assert done.exit_code == 1 or "== tiny" in done.stdout
    assert harness_("gpucheck", "--parts", "huge").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "none.yaml"], "none.yaml: there is no such file"),
        (["show", "mine.yaml::q11"], "mine has no query 'q11'; did you mean 'q1'?"),
        (["plan", "mine.yaml::"], "mine has no query ''; queries: q1, second"),
        (["show", "mine.yaml::q1", "--engine", "plars"], "did you mean 'polars'?"),
        (
            ["show", "made.yaml::q1", "--size", "huge"],
            "no size 'huge'; declared sizes: small, tiny",
        ),
    ],
)
def test_an_error_is_one_line_on_stderr_and_exit_code_2(
    folder: Path, arguments: list[str], message: str
) -> None:
    done = harness_(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("harness: ") and done.stderr.count("\n") == 1
    assert message in done.stderr


def test_doctor_lists_every_engine_with_its_version(folder: Path) -> None:
    entry = folder / "cache" / f"table-{'0' * 20}"
    entry.mkdir(parents=True)
    (entry / "table.csv").write_bytes(b"x" * 3_000_000)
    (entry / "manifest.json").touch()
    done = harness_("doctor")
    assert done.exit_code == 0, done.output
    for engine in AVAILABLE:
        assert any(line.split()[::2] == [engine, "yes"] for line in done.stdout.splitlines())
    assert f"{folder / 'cache'} (3 MB)" in done.stdout
    assert f"{folder / 'results'} (0 files)" in done.stdout
    assert all(fact in done.stdout for fact in ("machine ", "threads ", "memory limit "))
    assert all(fact in done.stdout for fact in ("governor ", "load ", "disk "))


def test_doctor_lists_the_variables_that_engines_will_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLARS_VERBOSE", "0")
    monkeypatch.setenv("POLARS_CLOUD_CLIENT_ID", "me")
    line = next(x for x in harness_("doctor").stdout.splitlines() if x.startswith("variables "))
    assert "POLARS_VERBOSE=0" in line
    assert "POLARS_CLOUD_CLIENT_ID" not in line


def test_doctor_says_what_to_install_and_fails_where_nothing_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness.engines, "names", lambda: ("tests.fakes.engines:Absent",))
    lost = {"lost": "the engine 'lost' cannot be loaded: No module named 'no'"}
    monkeypatch.setattr(harness.engines, "broken", lambda: lost)
    done = harness_("doctor")
    assert done.exit_code == 1
    assert "python -m pip install no-such-engine" in done.stdout
    assert "cannot be loaded: No module named 'no'" in done.stdout
    assert done.stderr == "harness: no engine can run here; install one of those above\n"


def test_doctor_starts_engines_alone_and_says_what_that_takes(folder: Path) -> None:
    done = harness_("doctor", "--startup", "--engine", "pyarrow")
    name, size, _, start, _, first, _ = done.stdout.splitlines()[1].split()
    assert (name, done.exit_code) == ("pyarrow", 0)
    own = sum(f.stat().st_size for f in Path(pyarrow.__file__).parent.rglob("*") if f.is_file())
    assert 0.8 < float(size) * 1e6 / own < 1.2
    assert 0 < float(start) < float(first)


def test_what_is_installed_counts_what_a_library_requires_in_its_extras() -> None:
    alone = installed_bytes(harness.engines.get("pyarrow"))
    assert installed_bytes(harness.engines.get("dask")) > alone  # its extra "dataframe"
    assert installed_bytes(harness.engines.get("sqlite")) == 0  # Python's own


def test_the_command_is_installed(folder: Path) -> None:
    command = [str(Path(sys.executable).with_name("harness")), "show", "mine.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout[:5]) == (0, "Mine\n"), done.stderr
