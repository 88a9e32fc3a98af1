"""The GPU engines on a machine without a GPU: what is missing, in words, and their programs."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

from harness import engines
from harness.commands import gpucheck
from harness.commands.cli import app
from harness.engines.polars.gpu_session import lacking, says_not_on_gpu
from harness.engines.sql.sessions.polars_gpu import PolarsSqlGpuSession
from harness.errors import Unsupported
from harness.machine.gpu import discovery
from harness.machine.gpu.discovery import NoGpu, described, gpus, usable_gpu
from harness.machine.messages import Failure, FailureKind
from harness.machine.worker_server import describe
from harness.tables import Input
from harness.verify.compare import compare
from tests.engines.test_semantics import HERE
from tests.fakes.nvml import FakeNvml, NVMLError
from tests.places import ROOT
from tests.support.benchmark_runs import Project, fakes, reasons
from tests.support.in_process import InProcess, read_tables

FAKE_PYNVML = (
    "import sys\nfrom tests.fakes.nvml import FakeNvml\nsys.modules[__name__] = FakeNvml()\n"
)
TINY = ("groupby", "join", "etl", "tpch")
GPU_ENGINES = ("cudf", "cudf-pandas", "dask-cudf", "polars-gpu", "polars-sql-gpu")
ALL = (*GPU_ENGINES, "duckdb-gpudb")


def installed(monkeypatch: pytest.MonkeyPatch, **what: Any) -> FakeNvml:
    nvml = FakeNvml(**what)
    monkeypatch.setitem(sys.modules, "pynvml", nvml)  # type: ignore[arg-type]
    return nvml


def test_the_gpu_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = installed(monkeypatch)
    text = "NVIDIA H200, 80.0 GB (79.0 GB free), driver 580.65.06, CUDA 12.8"
    assert described() == [text]
    gpu = usable_gpu()
    assert (gpu.name, gpu.memory_bytes) == ("NVIDIA H200", 80_000_000_000)
    assert (gpu.driver, gpu.cuda) == ("580.65.06", "12.8")
    assert (nvml.started, nvml.ended) == (1, 0)  # until the process ends


def test_every_gpu_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, devices=2)
    assert len(gpus()) == 2


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ({"broken": 12}, "there is no NVIDIA driver (NVML is not found)"),
        ({"broken": 9}, "the NVIDIA driver is installed but not loaded"),
        ({"broken": 4}, "NVML says: error 4"),
        ({"devices": 0}, "the NVIDIA driver 580.65.06 finds no GPU"),
        ({"cuda": 11_040}, "the NVIDIA driver 580.65.06 supports CUDA 11.4 only; CUDA 12.2 needs"),
        (
            {"free": 30_000_000_000, "pids": (7, 8)},
            "50.0 of the GPU's 80.0 GB are taken (processes: 7, 8)",
        ),
    ],
)
def test_what_is_missing_is_said(
    monkeypatch: pytest.MonkeyPatch, what: dict[str, Any], reason: str
) -> None:
    installed(monkeypatch, **what)
    with pytest.raises(NoGpu) as raised:
        usable_gpu()
    assert str(raised.value).startswith(reason)
    assert all((engines.get(name).unavailable() or "").startswith(reason) for name in ALL)


def test_an_error_of_a_device_is_told_and_the_library_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nvml = installed(monkeypatch)

    def lost(handle: int) -> None:
        raise NVMLError(15)

    monkeypatch.setattr(nvml, "nvmlDeviceGetMemoryInfo", lost, raising=False)
    with pytest.raises(NoGpu, match="NVML says: error 15"):
        gpus()


@pytest.mark.parametrize(
    ("driver", "reason"),
    [
        (True, "nvidia-ml-py is not installed: python -m pip install nvidia-ml-py"),
        (False, "there is no NVIDIA driver (NVML is not found)"),
    ],
)
def test_without_the_package_it_is_named_where_there_is_a_driver(
    monkeypatch: pytest.MonkeyPatch, driver: bool, reason: str
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    monkeypatch.setattr(discovery, "has_driver", lambda: driver)
    assert described() == [f"none: {reason}"]


def test_with_a_gpu_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    if importlib.util.find_spec("cudf_polars") is None:
        reason = engines.get("polars-gpu").unavailable() or ""
        assert reason.startswith("cudf-polars-cu12 is not installed: python -m pip install")
        assert "an environment of its own" in reason


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ({"cuda": 11_080}, "the NVIDIA driver 580.65.06 supports CUDA 11.8 only"),
        ({"free": 10**9, "pids": (4242,)}, "79.0 of the GPU's 80.0 GB are taken (processes: 4242)"),
        ({"devices": 0}, "the NVIDIA driver 580.65.06 finds no GPU"),
        ({"broken": 9}, "the NVIDIA driver is installed but not loaded"),
    ],
)
def test_the_doctor_says_beside_each_gpu_engine_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, what: dict[str, Any], reason: str
) -> None:
    installed(monkeypatch, **what)
    told = CliRunner().invoke(app, ["doctor"], env={"COLUMNS": "300"}).output
    rows = [line for line in told.splitlines() if line.split()[:1] and line.split()[0] in ALL]
    assert len(rows) == len(ALL)
    assert all(reason in row and " no " in row for row in rows), told


class Wrapper:
    """A stand-in for gpudb's connection: DuckDB's, and which statements a GPU would answer."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._last = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def sql(self, statement: str) -> Any:
        self._last = statement
        return self._connection.sql(statement)

    def last_rewrite(self) -> dict[str, Any]:
        return {"rewritten": "sum" in self._last}


def test_gpudb_says_whether_the_gpu_answered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: dict[str, Any] = {}

    def connect(**options: Any) -> Wrapper:
        asked.update(options)
        return Wrapper(duckdb.connect(config=options["config"]))

    gpudb = types.ModuleType("gpudb")
    monkeypatch.setattr(gpudb, "connect", connect, raising=False)
    monkeypatch.setitem(sys.modules, "gpudb", gpudb)
    monkeypatch.chdir(tmp_path)
    tables = InProcess(read_tables(HERE / "tables.yaml"), tmp_path)
    session = engines.get("duckdb-gpudb").start(2)
    for table in tables.tables.values():
        session.load(table)
    shares = []
    for sql in ("select sum(n) as s from people", "select max(n) as s from people"):
        query = tables.query(sql)
        session.prepare(engines.get("duckdb-gpudb").compile(query, tables.tables, Input.MEMORY))
        assert session.to_arrow(session.run()).num_rows == 1
        shares.append(session.fallback_share())
    assert shares == [0.0, 1.0]
    assert asked["residency"] == "eager"
    assert asked["config"]["threads"] == 2
    with pytest.raises(duckdb.Error, match="locked"):
        session.connection.execute("set threads to 1")


def test_the_parent_imports_nothing_that_would_touch_the_gpu(tmp_path: Path) -> None:
    """``harness doctor`` finds packages that would end the process on import, and imports none."""
    for name in ("cudf", "cudf_polars", "cupy", "dask_cudf", "dask_cuda", "rmm"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported in the parent')")
    (tmp_path / "pynvml.py").write_text(
        "import sys\nfrom tests.fakes.nvml import FakeNvml\nsys.modules[__name__] = FakeNvml()\n"
    )
    root = ROOT
    paths = os.pathsep.join(
        map(str, (tmp_path, root, *filter(None, [os.environ.get("PYTHONPATH")])))
    )
    done = subprocess.run(
        [sys.executable, "-c", "from harness.commands.cli import app; app(['doctor'])"],
        env={**os.environ, "PYTHONPATH": paths, "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.split()}
    assert all(" yes" in rows[name] for name in GPU_ENGINES), done.stdout
    assert "NVIDIA H200, 80.0 GB" in done.stdout


def test_dask_cudf_wants_dask_cuda_too(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    found = importlib.util.find_spec
    there = {"dask_cudf": object(), "dask_cuda": None}
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: there[name] if name in there else found(name)
    )
    assert (engines.get("dask-cudf").unavailable() or "").startswith("dask-cuda is not installed")


def test_memory_that_runs_out_on_the_gpu_is_no_gap() -> None:
    error = pl.exceptions.ComputeError("MemoryError: std::bad_alloc: out_of_memory: CUDA error")
    assert not says_not_on_gpu(error)
    assert describe(error).kind is FailureKind.OUT_OF_MEMORY


def test_the_doctor_tells_of_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, broken=12)
    told = CliRunner().invoke(app, ["doctor"], env={"COLUMNS": "300"}).output
    assert "none: there is no NVIDIA driver" in told


def test_gpu_engines_run_by_default_only_where_they_can(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, broken=12)
    assert set(GPU_ENGINES) <= set(engines.names())
    assert not set(GPU_ENGINES) & set(engines.by_default())
    assert {"pandas", "polars", "duckdb"} <= set(engines.by_default())


def test_cells_that_were_asked_say_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not described()[0].startswith("none"):
        pytest.skip("there is a GPU here")
    project = Project(tmp_path).write(
        a_yaml="title: A\ntables: {t: t.csv}\nqueries: {q: select sum(k) as s from t}\n",
        t_csv="k\n1\n2\n",
    )
    done = project.benchmark("a.yaml", "--engines", f"pandas,{','.join(GPU_ENGINES)}")
    assert done.code == 0, done.all
    told = reasons(project.results())
    assert all(told[name] == described()[0].removeprefix("none: ") for name in GPU_ENGINES)


def test_a_run_writes_what_the_gpu_did(tmp_path: Path) -> None:
    """The results file has the GPU's name and figures; a cell without enough GPU memory is oom."""
    (tmp_path / "pynvml.py").write_text(FAKE_PYNVML)
    project = Project(tmp_path).write(
        a_yaml="title: A\ntables: {t: t.csv}\n"
        "queries: {q: 'select k, avg(x) as mean from t group by k'}\n",
        t_csv="k,x\n1,0\n1,1\n2,12.25\n3,\n",
    )
    paths = os.pathsep.join((str(tmp_path), str(ROOT)))
    asked = ("--engines", fakes("OnGpu", "OutOfDeviceMemory"), "--gpu-memory-limit", "24GB")
    done = project.benchmark("a.yaml", *asked, "--input", "memory", PYTHONPATH=paths)
    assert done.code == 1, done.all
    assert "NVIDIA H200" in done.all
    results = project.results()
    assert [gpu["name"] for gpu in results["machine"]["gpus"]] == ["NVIDIA H200"]
    assert sorted(cell["outcome"] for cell in results["cells"]) == ["ok", "oom"]
    assert any("Maximum pool size 24000000000" in cell["reason"] for cell in results["cells"])
    (info,) = (entry["extra_info"] for entry in results["benchmarks"])
    assert (info["gpu"]["peak_bytes"], info["gpu"]["utilisation"]) == (7 * 2**30, 0.5)
    assert info["fallback_share"] == 0.25


# ------------------------------------------------------------------ programs


@pytest.fixture
def tables(tmp_path: Path) -> InProcess:
    return InProcess(read_tables(HERE / "tables.yaml"), tmp_path)


def test_polars_collects_on_the_gpu_or_fails(tables: InProcess) -> None:
    query = tables.query("select k, sum(n) as s from people group by k")
    program = engines.get("polars-gpu").compile(query, tables.tables, Input.MEMORY).text
    assert program.count(".collect(engine=pl.GPUEngine(raise_on_fail=True))") == 1
    assert ".collect()" not in program


def test_a_query_that_cannot_run_on_the_gpu_is_unsupported() -> None:
    refused = pl.exceptions.ComputeError("'cuda' conversion failed: NotImplementedError: sort")
    assert says_not_on_gpu(refused)
    assert says_not_on_gpu(NotImplementedError("cum_sum"))
    assert not says_not_on_gpu(pl.exceptions.ComputeError("division by zero"))
    assert describe(Unsupported("Polars cannot run this on the GPU")).kind == "unsupported"


@pytest.mark.parametrize("source", [Input.MEMORY, Input.PARQUET])
def test_sql_runs_in_polars_context(tables: InProcess, source: Input) -> None:
    session = PolarsSqlGpuSession(1, engine="in-memory")
    for table in tables.tables.values():
        if source is Input.MEMORY:
            session.load(table)
        else:
            session.scan(table, source)
    query = tables.query("select g, count(*) as n, avg(o) as mean from scores group by g")
    session.prepare(engines.get("polars-sql-gpu").compile(query, tables.tables, source))
    answer = session.to_arrow(session.run())
    assert compare(answer, tables.expected(query.sql), query.spec, False) is None


def test_sql_that_polars_lacks_is_unsupported(tables: InProcess) -> None:
    engine, session = engines.get("polars-sql-gpu"), PolarsSqlGpuSession(1, engine="in-memory")
    session.lacking = engine.lacks().lacking
    session.load(tables.tables["people"])
    query = tables.query("select stddev(distinct n) as q from people")
    program = engine.compile(query, tables.tables, Input.MEMORY)
    with pytest.raises(Unsupported, match="cannot: DISTINCT in a deviation"):
        session.prepare(program)


def test_gpucheck_says_what_is_missing_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installed(monkeypatch, broken=12)
    assert gpucheck.main([]) == 1
    assert "no GPU engine can run: there is no NVIDIA driver" in capsys.readouterr().err


def test_gpucheck_runs_all_gpu_engines_part_by_part(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installed(monkeypatch)
    asked: list[str] = []

    def run(command: Sequence[str], seconds: float) -> int:
        asked.append(" ".join(command[3:]))
        return len(asked) - 1

    assert gpucheck.main(["--parts", "tiny,medium", "--results", "there"], run) == 1
    names = ",".join(GPU_ENGINES)
    tiny, medium = asked
    bounds = "--budget 24h --benchmark-max-time 0.05"
    assert tiny.startswith(f"--benchmark --engines {names} --size tiny {bounds}")
    assert tiny.endswith("--results there " + " ".join(f"workloads/{w}.yaml" for w in TINY))
    assert f"--engines {names},duckdb,pandas,polars --size medium" in medium
    assert gpucheck.main(["--seconds", "0"], run) == 0
    assert len(asked) == 2
    assert "no time is left for large" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        gpucheck.main(["--parts", "huge"])
    assert "'huge' is none of tiny, small, medium, large" in capsys.readouterr().err


MARKING = """
import pathlib
def pytest_runtest_logreport(report):
    if report.when == "call":
        pathlib.Path("measured").touch()
"""
CHECK = """
import pathlib, subprocess, sys, time
from harness.commands import gpucheck

class Process(subprocess.Popen):
    def wait(self, timeout=None):
        if timeout is None or pathlib.Path("measured").exists():
            return super().wait(timeout)
        while not pathlib.Path("measured").exists() and self.poll() is None:
            time.sleep(0.05)
        raise subprocess.TimeoutExpired(self.args, timeout)

subprocess.Popen = Process
gpucheck.gpu_engines = lambda: {engines}
sys.exit(gpucheck.main(sys.argv[1:]))
"""
"""A part's time is over as soon as one cell is measured."""


def test_a_part_whose_time_is_over_is_interrupted_and_leaves_its_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``harness gpucheck`` interrupts a part at its limit; the results have the cells so far."""
    (tmp_path / "pynvml.py").write_text(FAKE_PYNVML)
    (tmp_path / "workloads").mkdir()
    queries = "".join(
        f"  q{n}: 'select k, avg(x) as mean from t where k >= -{n} group by k'\n" for n in range(5)
    )
    project = Project(tmp_path).write(t_csv="k,x\n1,0\n1,1\n2,12.25\n3,\n")
    for name in TINY:
        text = f"title: A\ntables: {{t: ../t.csv}}\nqueries:\n{queries}"
        (tmp_path / "workloads" / f"{name}.yaml").write_text(text)
    (tmp_path / "workloads" / "conftest.py").write_text(MARKING)
    script = tmp_path / "check.py"
    script.write_text(CHECK.format(engines=[fakes("OnGpu"), fakes("Sleepy")]))
    paths = os.pathsep.join((str(tmp_path), str(ROOT)))
    done = subprocess.run(
        [sys.executable, str(script), "--parts", "tiny", "--input", "memory"],
        cwd=tmp_path,
        env={**project.environment, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "interrupted: " in done.stdout, done.stdout + done.stderr
    assert "ok" in {cell["outcome"] for cell in project.results()["cells"]}
    assert (tmp_path / "results" / "index.html").is_file()


def test_a_version_is_that_of_the_cuda_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, cuda=13_000)
    there = {"cudf-cu13": "26.10.2"}

    def version(name: str) -> str:
        if name not in there:
            raise importlib.metadata.PackageNotFoundError(name)
        return there[name]

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert engines.get("cudf").version() == "26.10.2"
    assert engines.get("polars-gpu").version() is None
    if importlib.util.find_spec("cudf") is None:
        reason = engines.get("cudf").unavailable() or ""
        assert "cudf-cu13 is not installed" in reason
        assert '".[gpu-cu13]"' in reason


def test_the_first_of_a_group_of_errors_is_told_and_what_an_error_was_made_of() -> None:
    """Of a group of errors the innermost is described; of an error with a cause, both messages."""
    group = ExceptionGroup("in a task", [ExceptionGroup("deeper", [MemoryError("no room")])])
    assert describe(group) == Failure("MemoryError", "no room", FailureKind.OUT_OF_MEMORY)
    try:
        try:
            raise NotImplementedError("date32 is not read")
        except NotImplementedError as cause:
            raise NotImplementedError("An error occurred in read_parquet.") from cause
    except NotImplementedError as error:
        told = describe(error).message
    assert told == "An error occurred in read_parquet. date32 is not read"


def test_what_polars_lacks_on_the_gpu_is_told_in_its_words_once() -> None:
    told = (
        "'cuda' conversion failed: NotImplementedError: ('Query execution with GPU not possible: "
        "unsupported operations.\\nThe errors were:\\n- NotImplementedError: Unary function "
        "name='corr'\\n- NotImplementedError: Unsupported bucket: '1w'\\n- NotImplementedError: "
        "Unary function name='corr'', [NotImplementedError('x')])"
    )
    error = pl.exceptions.ComputeError(told)
    assert says_not_on_gpu(error)
    assert lacking(error) == "Unary function name='corr'; Unsupported bucket: '1w'"
    missing = pl.exceptions.ComputeError("'cuda' conversion failed: NVMLError_LibraryNotFound")
    assert not says_not_on_gpu(missing)
    place = "RapidsMPF fatal error at: table_chunk.cpp:52"
    empty = ValueError(f"{place}: packed data cannot be empty")
    assert says_not_on_gpu(empty)
    assert lacking(empty) == "packed data cannot be empty"


@pytest.mark.parametrize("name", ["polars-sql", "polars-sql-gpu"])
def test_a_library_whose_older_versions_answer_otherwise_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    engine = engines.get(name)
    assert engine.too_old() is None
    monkeypatch.setattr(importlib.metadata, "version", lambda distribution: "1.44.2")
    assert engine.too_old() == f"{engine.label} needs polars 2.0 or newer, not 1.44.2"
