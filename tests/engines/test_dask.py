"""Dask over many partitions, and on a real cluster: a scheduler and two workers on loopback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import harness.engines.dask.session
from harness import engines
from harness.tables import Input
from tests.engines.test_semantics import FILES, HERE, expected
from tests.places import ROOT
from tests.support.benchmark_runs import Project
from tests.support.in_process import InProcess, arrow_table, read_tables
from tests.support.shares import WHOLE

pytest.importorskip("dask.dataframe")
IN_PARTS = [
    title
    for file in ("aggregates", "joins", "order", "subqueries", "windows")
    for title in list(FILES[file])[:: 7 if WHOLE else 21]
]


@pytest.fixture
def many_partitions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InProcess:
    monkeypatch.setattr(harness.engines.dask.session, "ROWS_WORTH_SPLITTING", 3)
    return InProcess(read_tables(HERE / "tables.yaml"), tmp_path)


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
def test_answers_are_the_same_when_tables_are_split(many_partitions: InProcess) -> None:
    queries = {title: sql for titles in FILES.values() for title, sql in titles.items()}
    for title in IN_PARTS:
        verdict = many_partitions.verdict("dask", queries[title])
        assert verdict.outcome == expected("dask", title)[0], f"{queries[title]}\n{verdict}"


@pytest.mark.parametrize(
    ("then", "shuffles"),
    [
        ("sum(a) over (partition by h)", 1),
        ("sum(a) over (partition by h, a)", 1),
        ("sum(a) over (partition by a)", 2),
    ],
)
def test_rows_are_shuffled_once_for_windows_by_the_same_keys(
    many_partitions: InProcess, then: str, shuffles: int
) -> None:
    inner = "select g as h, o, row_number() over (partition by g order by o, v, r) as a from scores"
    sql = f"select h, o, {then} as b from ({inner}) where a < 4"
    query, tables = many_partitions.query(sql), many_partitions.tables
    program = engines.get("dask").compile(query, tables, Input.MEMORY)
    assert program.text.count(".shuffle(") == shuffles
    assert many_partitions.verdict("dask", sql).outcome == "ok"


def test_the_inputs_of_a_join_are_cast_once(many_partitions: InProcess) -> None:
    """Keys for the shuffle, and integers that rows without a partner have none of."""
    joined = "select p.id, t.id as team, t.founded from people p left join teams t on p.k = t.id"
    verdict = many_partitions.verdict("dask", joined)
    assert verdict.outcome == "ok", verdict
    assert verdict.program.count(".astype(") == 1


def test_a_table_is_split_for_threads_only_where_it_is_worth_it(tmp_path: Path) -> None:
    whole = InProcess(read_tables(HERE / "tables.yaml"), tmp_path)
    whole.verdict("dask", "select id from people")
    (session,) = whole.sessions.values()
    assert {frame.npartitions for frame in session.tables.values()} == {1}  # type: ignore[attr-defined]


def test_groups_of_many_partitions_are_joined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness.engines.dask.session, "ROWS_WORTH_SPLITTING", 1)
    rows = [[n % 3, n] for n in range(40)]
    tables = InProcess({"t": arrow_table({"k": "int64", "v": "int64"}, rows)}, tmp_path)
    session = engines.get("dask").start(threads=32)
    session.load(tables.tables["t"])
    tables.sessions["dask", Input.MEMORY] = session
    sql = "select t.v from t join (select k, avg(v) as m from t group by k) q on q.k = t.k"
    verdict = tables.verdict("dask", sql)
    assert verdict.outcome == "ok", verdict


# ------------------------------------------------------------------ a cluster


class Cluster:
    """A Dask cluster: processes of ``dask scheduler`` and ``dask worker``, started as users do."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.processes = folder, list[subprocess.Popen[bytes]]()
        self.log = folder / "scheduler.log"
        self._start(self.log, "scheduler", "--host", "127.0.0.1", "--port", "0")
        self.address = self._told(r"Scheduler at: +(tcp://127\.0\.0\.1:\d+)")
        workers = ("--host", "127.0.0.1", "--nworkers", "2", "--nthreads", "1")
        self._start(folder / "workers.log", "worker", self.address, *workers)
        self._told(r"(?s)Register worker.*Register worker")

    def _start(self, log: Path, *command: str) -> None:
        quiet = ("--dashboard-address", "127.0.0.1:0")
        with log.open("wb") as file:
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "dask", *command, *quiet],
                    cwd=self.folder,
                    env={**os.environ, "PYTHONPATH": str(ROOT)},
                    stdout=file,
                    stderr=subprocess.STDOUT,
                )
            )

    def _told(self, pattern: str) -> str:
        deadline = time.monotonic() + 60
        while not (found := re.search(pattern, self.log.read_text())):
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        return found[found.re.groups]

    def tree(self) -> list[psutil.Process]:
        roots = [psutil.Process(process.pid) for process in self.processes]
        return [*roots, *(child for root in roots for child in root.children(recursive=True))]

    def close(self) -> None:
        for process in reversed(self.processes):  # the workers first, which then say good-bye
            process.terminate()
            process.wait(20)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path)
    try:
        yield cluster
    finally:
        cluster.close()


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def ports(processes: list[psutil.Process]) -> set[int]:
    return {
        c.laddr.port
        for p in processes
        for c in p.net_connections("tcp")
        if c.status == psutil.CONN_LISTEN
    }


def test_a_cluster_runs_the_programs_and_nothing_of_it_stays(
    cluster: Cluster, tmp_path: Path
) -> None:
    project, processes = Project(tmp_path), cluster.tree()
    open_ports = ports(processes)
    assert len(processes) >= 3
    assert len(open_ports) >= 3
    chosen = "(groupby and (q3 or q8)) or (join and q2) or (tpch and (q03 or q06))"
    done = project.benchmark(
        *(str(ROOT / "workloads" / f"{name}.yaml") for name in ("groupby", "join", "tpch")),
        *("-k", chosen, "--size", "tiny", "--engines", "dask"),
        *("--connect", f"dask={cluster.address}", "--results", str(tmp_path / "results")),
    )
    assert done.code == 0, done.all
    outcomes = [cell["outcome"] for cell in project.results()["cells"]]
    assert len(outcomes) >= 5
    assert set(outcomes) == {"ok"}
    assert "Receive client connection" in cluster.log.read_text()
    assert project.processes() == []
    cluster.close()
    assert [p for p in processes if is_alive(p)] == []
    listening = {c.laddr.port for c in psutil.net_connections("tcp") if c.status == "LISTEN"}
    assert listening & open_ports == set()


def test_an_engine_without_clusters_cannot_be_connected(tmp_path: Path) -> None:
    done = Project(tmp_path).write(a_yaml="").benchmark("--connect", "pandas=tcp://127.0.0.1:1")
    assert done.code == 4
    assert "--connect 'pandas=tcp://127.0.0.1:1': give ENGINE=ADDRESS with one of dask" in done.err
