"""PostgreSQL: a server of the run's own, of which nothing stays, and one that runs already."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlglot.dialects.postgres import Postgres

from harness import engines
from harness.engines.session import CONNECT_VARIABLE, Program
from harness.engines.sql.sessions.join_keys import join_keys
from harness.machine import postgres_server
from harness.machine.postgres_server import PostgresServer
from harness.tables import Table
from harness.types import Column, Type
from tests.places import ROOT
from tests.support.benchmark_runs import MEANS, TABLE, Project, outcomes, reasons
from tests.support.in_process import described

pytestmark = pytest.mark.skipif(
    bool(engines.get("postgres").unavailable()), reason=str(engines.get("postgres").unavailable())
)
YAML = f"tables: {{t: t.csv}}\ninput: [memory, csv, parquet]\nqueries:\n  q1: {MEANS}\n"
STARTS = """
import os, sys, time
from harness.machine.postgres_server import PostgresServer
server = PostgresServer({})
print(server.folder, server.port, server._process.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer({}) as server:
        yield server


def schemas(server: PostgresServer) -> list[str]:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(server.address) as connection:
        found = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^engine'")
        return [name for (name,) in found.fetchall()]


def test_a_server_that_runs_already_is_used_and_nothing_stays_there(
    server: PostgresServer, tmp_path: Path
) -> None:
    project = Project(tmp_path).write(that_yaml=YAML, t_csv=TABLE)
    connect = ("--engines", "postgres", "--connect", f"postgres={server.address}")
    done = project.benchmark("that.yaml", *connect)
    assert done.code == 0, done.all
    found = {cell["input"]: cell for cell in project.results()["cells"]}
    assert {source: cell["outcome"] for source, cell in found.items()} == {
        "memory": "ok",
        "csv": "ok",
        "parquet": "unsupported",
    }
    assert found["parquet"]["reason"].startswith("PostgreSQL cannot: Parquet files")
    assert schemas(server) == []
    assert "postgresql://bench:***@" in project.results()["command"]
    files = [f for f in (tmp_path / "results").rglob("*") if f.is_file()]
    assert len(files) >= 2
    assert [f for f in files if server._password in f.read_text()] == []
    assert server._password not in done.all


@pytest.mark.parametrize("what", ["refused", "down"])
def test_a_server_that_cannot_be_used_is_an_error_without_the_password(
    server: PostgresServer, tmp_path: Path, what: str
) -> None:
    port = server.port if what == "refused" else 1
    address = f"postgresql://bench:not%20this@127.0.0.1:{port}/postgres"
    project = Project(tmp_path).write(that_yaml=YAML, t_csv=TABLE)
    done = project.benchmark(
        *("that.yaml", "--input", "memory", "--engines", "postgres"),
        *("--connect", f"postgres={address}"),
    )
    assert done.code == 1
    assert outcomes(project.results()) == {"postgres": "error"}
    told = {"refused": "password authentication failed", "down": "Connection refused"}[what]
    assert told in reasons(project.results())["postgres"]
    assert "not%20this" not in done.all + project.result_files[-1].read_text()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:hush%@127.0.0.1:1/db",
        "postgresql://me:hush/hush@127.0.0.1:1/db",
        "postgresql://127.0.0.1:1/db?password=hush%zz",
        "host=127.0.0.1 port=1 password='hush",
    ],
)
def test_a_password_that_is_not_encoded_is_in_no_error(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONNECT_VARIABLE, address)
    with pytest.raises(ConnectionError, match="in a password, % is %25") as caught:
        engines.get("postgres").start(1)
    assert "hush" not in str(caught.value)


def test_what_a_killed_session_left_is_dropped_by_the_next(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONNECT_VARIABLE, server.address)
    code = (
        "import os; from harness import engines;"
        "s = engines.get('postgres').start(1); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    (left,) = schemas(server)
    session = engines.get("postgres").start(1)
    assert len(schemas(server)) == 1 and left not in schemas(server)
    session.close()
    assert schemas(server) == []


def test_a_database_that_orders_texts_otherwise_is_refused(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(server.address, autocommit=True) as own:
        own.execute("CREATE DATABASE other TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'sv'")
    monkeypatch.setenv(CONNECT_VARIABLE, server.address.replace("/postgres", "/other"))
    with pytest.raises(RuntimeError, match="orders texts by the rules of sv, not by code points"):
        engines.get("postgres").start(1)


def test_the_settings_of_a_server_change_no_query_s_meaning(
    server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A role's and an address's settings do not change how texts, NULL and table names are read."""
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(server.address, autocommit=True) as own:
        own.execute("CREATE ROLE other SUPERUSER LOGIN PASSWORD 'hush'")
        own.execute("ALTER ROLE other SET standard_conforming_strings = off")
        own.execute("ALTER ROLE other SET transform_null_equals = on")
    address = f"postgresql://other:hush@127.0.0.1:{server.port}/postgres?client_encoding=latin1"
    monkeypatch.setenv(CONNECT_VARIABLE, address)
    rows, file = pa.table({"usename": ["Ö"], "passwd": ["p"]}), tmp_path / "t.parquet"
    pq.write_table(rows, file)
    session = engines.get("postgres").start(1)
    session.load(Table("pg_shadow", described(rows), 1, (file,)))
    session.prepare(Program(ATTACK, "sql"))
    found = session.to_arrow(session.run()).to_pylist()
    session.close()
    text = " || (SELECT max(passwd) FROM pg_shadow) --"
    assert found == [{"a": "\\", "b": text, "c": "ö", "d": None}]


ATTACK = r"""
SELECT '\' AS a, ' || (SELECT max(passwd) FROM pg_shadow) --' AS b, lower(usename) AS c,
passwd = NULL AS d FROM "pg_shadow"
"""


def test_a_database_without_letters_is_refused(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(server.address, autocommit=True) as own:
        own.execute("CREATE DATABASE ascii TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    monkeypatch.setenv(CONNECT_VARIABLE, server.address.replace("/postgres", "/ascii"))
    with pytest.raises(RuntimeError, match="knows no letters beyond ASCII's, such as ä"):
        engines.get("postgres").start(1)


def lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_server_of_our_own_ends_with_the_process_that_started_it(how: signal.Signals) -> None:
    command = [sys.executable, "-c", STARTS]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        folder, _, pid = parent.stdout.readline().split()
        tree = [psutil.Process(int(pid)), *psutil.Process(int(pid)).children()]
        assert len(tree) > 1
        segment = (Path(folder) / "data" / "postmaster.pid").read_text().split("\n")[6].split()[-1]
        assert {p.uids().effective for p in tree}.isdisjoint({0})
        parent.send_signal(how)
    deadline = time.monotonic() + 20
    while any(lives(p.pid) for p in tree) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(lives(p.pid) for p in tree)
    shared = subprocess.run(["ipcs", "-m"], capture_output=True, text=True).stdout
    assert segment not in shared.split()
    if how is signal.SIGINT:  # a killed one leaves its folder to whoever made the one around it
        assert not Path(folder).exists()
    else:
        subprocess.run(["rm", "-r", folder], check=True)


def test_join_keys_are_those_that_a_query_sets_equal_to_another_tables() -> None:
    schema = tuple(Column(name, Type.INT64, False) for name in ("a", "b", "c"))
    tables = {name: Table(name, schema, 1) for name in ("t", "u")}
    sql = (
        'SELECT * FROM "t" AS "x" JOIN "u" ON "x"."a" = "u"."b" AND "x"."b" = "x"."c" '
        'WHERE "x"."c" IN (SELECT "t"."a" FROM "t") AND "x"."b" = 1'
    )
    assert join_keys(sql, Postgres, tables) == {("t", "a"), ("u", "b"), ("t", "c")}


def test_without_initdb_it_is_unavailable_unless_a_server_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = type(engines.get("postgres"))()
    monkeypatch.setattr(postgres_server, "programs", lambda: None)
    assert "install PostgreSQL, or --connect to a server" in (engine.unavailable() or "")
    engine.address = "postgresql://somewhere"
    assert engine.unavailable() is None
