"""Workload files of strangers, run through the command line: they read their tables, and no more.

Each attack that came to mind has its own test; the two locks on DuckDB are also tried one by one.
"""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from harness.engines.duckdb_guard import judge, lock
from harness.engines.polars_sql_gpu import PolarsSqlSession, refuse_other_files
from harness.errors import TooMuch, WorkloadError
from harness.limited import limited
from harness.plan import compile_query
from harness.types import Column, Type
from tests.benchmark_runs import Project, fakes

SECRET = "TOPSECRET"
SCHEMA = {"t": (Column("k", Type.INT64, False), Column("v", Type.INT64, False))}
TABLE = "k,v\n1,10\n2,20\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    (tmp_path / "secret.csv").write_text(f"k\n{SECRET}\n")
    return Project(folder).write(t_csv=TABLE)


def attack(sql: str, folder: Path) -> str:
    """The text of a workload file with one query, in which SECRETS is the secret file's folder."""
    query = sql.replace("SECRETS", str(folder)).replace("\n", "\n    ")
    return f"title: Harmless\ntables: {{t: t.csv}}\nqueries:\n  q: |\n    {query}\n"


TWO_READINGS = """\
select MAP {#1 : 1} as x from t; copy (select 'echo pwned' as x) to 'pwned.sh' \
(format csv, header false, quote ''); select MAP -- #}
   ([1],[2]) as m from t"""
ATTACKS = {
    "a comment to one parser and three statements to the other": TWO_READINGS,
    "a statement after a comment of Jinja": "select k from t {# ; #}; copy t to 'pwned.sh' -- #}",
    "a file called like a common table": """\
select y.k as v from (with "SECRETS/secret.csv" as (select 1 as k)
select k from "SECRETS/secret.csv") x, "SECRETS/secret.csv" y""",
    "a common table that reads a file of its own name": """\
with "SECRETS/secret.csv" as (select k from "SECRETS/secret.csv") select k from t""",
    "a common table that comes later": """\
with a as (select k from "SECRETS/secret.csv"), "SECRETS/secret.csv" as (select 1 as k)
select k from a""",
    "SUMMARIZE in FROM": "select * from (summarize 'SECRETS/secret.csv')",
    "DESCRIBE in FROM": "select * from (describe 'SECRETS/secret.csv')",
    "SHOW in WITH": "with p as (show tables) select * from p",
    "a file in FROM": "select k from 'SECRETS/secret.csv'",
    "a file in a subquery": "select k from t where k in (select k from 'SECRETS/secret.csv')",
    "a table function": "select content from read_text('SECRETS/secret.csv')",
    "a table function in a scalar subquery": """\
select (select content from read_text('SECRETS/secret.csv')) as v from t""",
    "a list of files": "select file from glob('SECRETS/*')",
    "a table in a schema": "select table_name from information_schema.tables",
    "settings": "select current_setting('home_directory') as v from t",
    "COPY": "copy t to 'pwned.sh'",
    "ATTACH": "attach 'pwned.sh'",
    "a file with another statement": "select k from t; install httpfs",
    "an extension by its function": "select st_point(1, 2) as v from t",
    "SQL in a text": "select * from query('select 1 as k')",
}


@pytest.mark.parametrize("title", ATTACKS)
def test_a_file_reads_its_tables_and_writes_nothing(project: Project, title: str) -> None:
    (project.folder / "a.yaml").write_text(attack(ATTACKS[title], project.folder.parent))
    before = sorted(path.name for path in project.folder.iterdir())
    done = project.benchmark("a.yaml", "--engines", "duckdb,polars")
    assert SECRET not in done.all
    assert done.code != 0, done.all
    assert "Traceback" not in done.all
    for file in project.folder.rglob("*"):
        if file.is_file() and file.name != "a.yaml":
            assert SECRET not in file.read_text(errors="replace"), file
    after = {path.name for path in project.folder.iterdir()}
    assert after <= {*before, "results", "cache", ".benchmarks"}, after


class _Asked(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_error(404)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Nothing: the requests are counted."""


@pytest.fixture
def server() -> Iterator[http.server.HTTPServer]:
    with http.server.HTTPServer(("127.0.0.1", 0), _Asked) as server:
        server.asked = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(
    "sql",
    [
        "select * from (summarize '{}')",
        "select k from '{}'",
        "select k from read_csv('{}')",
        "select k from read_parquet('{}')",
    ],
)
def test_no_address_is_asked(project: Project, server: http.server.HTTPServer, sql: str) -> None:
    address = f"http://127.0.0.1:{server.server_address[1]}/x.csv"
    (project.folder / "a.yaml").write_text(attack(sql.format(address), project.folder))
    done = project.benchmark("a.yaml", "--engines", "duckdb,polars")
    assert done.code != 0, done.all
    assert server.asked == []  # type: ignore[attr-defined]


def test_a_module_beside_the_workload_is_not_run(project: Project) -> None:
    """pytest-benchmark asks ``python -m cpuinfo``, for which Python looks here first."""
    for name in ("json", "cpuinfo", "statistics", "duckdb"):
        mark = f"open('ran-{name}', 'w').close()\n"
        (project.folder / f"{name}.py").write_text(mark + "raise SystemExit(1)\n")
    project.write(a_yaml=attack("select k from t", project.folder))
    done = project.script("a.yaml", "--engines", "duckdb")
    assert done.code == 0, done.all
    assert list(project.folder.glob("ran-*")) == []


# ------------------------------------------------------------------ each lock alone


def everything(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[str]:
    """What of the attacks DuckDB does: the titles of those that end without an error."""
    done = []
    for title, sql in ATTACKS.items():
        try:
            relation = connection.sql(sql.replace("SECRETS", str(folder)))
            rows = [] if relation is None else relation.fetchall()
        except (duckdb.Error, WorkloadError):
            continue
        if SECRET in str(rows) or relation is None:
            done.append(title)
    return done


def test_the_connection_alone_stops_every_attack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.csv").write_text(f"k\n{SECRET}\n")
    (tmp_path / "t.csv").write_text(TABLE)
    monkeypatch.chdir(tmp_path)
    with duckdb.connect() as open_to_all:
        open_to_all.execute("create table t as from read_csv('t.csv')")
        assert len(everything(open_to_all, tmp_path)) >= 6  # the attacks are real
    (tmp_path / "pwned.sh").unlink()
    with duckdb.connect() as connection:
        connection.execute("create view t as from read_csv('t.csv')")
        lock(connection, ["t.csv"])
        assert everything(connection, tmp_path) == []
        assert len(connection.sql("from t").fetchall()) == 2
        with pytest.raises(duckdb.Error):
            connection.execute("set enable_external_access = true")
    assert not (tmp_path / "pwned.sh").exists()


@pytest.mark.parametrize("title", ATTACKS)
def test_what_duckdb_reads_alone_tells_an_attack(title: str, tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("create table t (k bigint, v bigint)")
        if title == "an extension by its function":
            return  # DuckDB does not know the function: the connection loads no extension
        with pytest.raises(WorkloadError):
            judge(connection, ATTACKS[title].replace("SECRETS", str(tmp_path)), ["t"])


@pytest.mark.parametrize(
    "sql",
    [
        "with a as (select k from t), b as (select k from a) select k from b join t using (k)",
        "with recursive r as (select 1 as n union all select n + 1 from r where n < 3) from r",
        "select k from T where k in (with u as (select 1 as k) select k from u)",
        "select * from (values (1), (2)) as v(k)",
        "select k, (select max(u.k) from t as u where u.v > t.v) as m from t order by all limit 3",
        "select unnest([k, v]) as x from t",
    ],
)
def test_what_a_query_may_be_is_not_refused(sql: str) -> None:
    with duckdb.connect() as connection:
        connection.execute("create table t (k bigint, v bigint)")
        judge(connection, sql, ["t"])


def test_a_recursive_table_hides_no_file_of_its_name_elsewhere() -> None:
    """A WITH inside of another's query makes no file a table."""
    sql = (
        'with "s.csv" as (select k from "s.csv" where k in '
        "(with recursive r as (select 1 as k union all select k + 1 from r where k < 3) from r)) "
        "select k from t"
    )
    with duckdb.connect() as connection, pytest.raises(WorkloadError, match=r"not 's\.csv'"):
        judge(connection, sql, ["t"])


def test_polars_gets_no_text_that_somebody_wrote(tmp_path: Path) -> None:
    query = compile_query("select k /* {# */ as k from t -- #}", SCHEMA)
    assert query.printed == "SELECT\n  k AS k\nFROM t"
    secret = tmp_path / "secret.csv"
    secret.write_text(f"k\n{SECRET}\n")
    session = PolarsSqlSession(engine="in-memory")
    session.tables["t"] = pl.DataFrame({"k": [1]}).lazy()
    session.sql = f"select * from read_csv('{secret}')"
    with pytest.raises(WorkloadError, match=r"secret\.csv"):
        session._run(None)
    refuse_other_files(f"Csv SCAN [{secret}]\n", [str(secret)])


# ------------------------------------------------------------------ limits


def self_joins(number: int) -> str:
    """Common tables that each join the one before with itself."""
    tables = ["c0 as (select k from t)"]
    for n in range(1, number):
        tables.append(f"c{n} as (select a.k from c{n - 1} as a join c{n - 1} as b on a.k = b.k)")
    return f"with {', '.join(tables)} select k from c{number - 1}"


def test_a_query_that_takes_too_long_to_compile_is_told_with_its_line(project: Project) -> None:
    (project.folder / "a.yaml").write_text(attack(self_joins(20), project.folder))
    done = project.benchmark("a.yaml", "--engines", "polars", "--collect-only")
    assert "Traceback" not in done.all
    assert "a.yaml:5: query 'q': to compile it takes more than 10 s" in done.all


@pytest.mark.parametrize(
    "sql",
    [
        "select " + " + ".join(["k"] * 5_000) + " as x from t",
        f"select k from t where k in ({', '.join(map(str, range(100_000)))})",
    ],
    ids=["sums", "numbers"],
)
def test_long_sql_ends_at_its_limit(sql: str) -> None:
    began = time.monotonic()
    with pytest.raises(TooMuch, match="more than 1 s"):
        limited("it", lambda: compile_query(sql, SCHEMA), seconds=1)
    assert time.monotonic() - began < 30


def test_the_referee_ends_when_a_cell_would(project: Project) -> None:
    """A reference without end: rows by the million that meet each other."""
    rows = "\n".join(f"{n},{n}" for n in range(2_000))
    project.write(t_csv=f"k,v\n{rows}\n")
    sql = "select a.k, avg(b.v + c.v + d.v) as mean from t a, t b, t c, t d group by a.k"
    (project.folder / "a.yaml").write_text(attack(sql, project.folder))
    began = time.monotonic()
    done = project.benchmark("a.yaml", "--engines", fakes("Right"), "--timeout", "3")
    assert time.monotonic() - began < 60
    (cell,) = project.results()["cells"]
    assert cell["outcome"] == "error", done.all
    assert "there is no reference answer: no answer after 3 s; killed" in cell["reason"]


def test_limits_of_time_and_of_memory_are_told() -> None:
    def endless() -> None:
        while True:
            pass

    def greedy() -> None:
        held = []
        while True:
            held.append(bytearray(10**7))

    with pytest.raises(TooMuch, match=r"the loop takes more than 0\.2 s"):
        limited("the loop", endless, seconds=0.2)
    with pytest.raises(TooMuch, match=r"the list takes more than 0\.2 GB"):
        limited("the list", greedy, memory_bytes=2 * 10**8)
    assert limited("it", lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        limited("it", lambda: 1 / 0)


def test_sql_may_be_nested_as_deep_as_duckdb_takes_it() -> None:
    for sql in (
        "select " + "abs(" * 200 + "k" + ")" * 200 + " as x from t",
        "select " + " + ".join(["k"] * 300) + " as x from t",
        f"select case {' '.join(f'when k = {n} then {n % 7}' for n in range(500))} end as x from t",
    ):
        query = limited("it", lambda sql=sql: compile_query(sql, SCHEMA))  # type: ignore[misc]
        assert query.plan is not None
