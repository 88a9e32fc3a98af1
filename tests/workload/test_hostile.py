"""Workload files of strangers, run through the command line: they read their tables, and no more.

Each attack that came to mind has its own test; the two locks on DuckDB are also tried one by one.
"""

from __future__ import annotations

import contextlib
import http.server
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest
import sqlglot
from sqlglot import exp

from harness import engines
from harness.answer import AnswerSpec
from harness.data.budget import CacheBudget
from harness.engines.polars.scans import refuse_other_scans
from harness.engines.session import Program
from harness.engines.sql.base import SqlEngine
from harness.engines.sql.sessions import chdb_tables
from harness.engines.sql.sessions.polars import PolarsSqlSession
from harness.errors import NoReference, Unsupported, WorkloadError
from harness.plan import compile_query
from harness.sandbox.guard import judge, lock
from harness.tables import Input, Table
from harness.types import Column, Type
from harness.verify import reference
from harness.verify.explained import data_of_its_own
from harness.verify.reference import References
from harness.verify.requests import StartReferee
from harness.words import visible
from harness.workload.file import load
from tests.support.benchmark_runs import Done, Project, fakes

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
    """Returns a workload file's text with one query, in which SECRETS becomes the folder's path."""
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
    "a recursive table called as a view of DuckDB's": """\
with recursive pg_settings as (select * from pg_settings union select * from pg_settings)
select cast(concat(name, '=', setting) as integer) as n from pg_settings""",
    "a table of WITH called as a view of DuckDB's": """\
with duckdb_views as (select 'x' as sql) select cast(sql as integer) as n from duckdb_views""",
    "a name that is another only with DuckDB's case": """\
with "duc\u212adb_views" as (select '7' as sql) select sql as n from duckdb_views""",
    "a table function in LIMIT": "select k from t limit (select count(*) from duckdb_settings())",
    "a file with another statement": "select k from t; install httpfs",
    "an extension by its function": "select st_point(1, 2) as v from t",
    "SQL in a text": "select * from query('select 1 as k')",
}


def refused(done: Done) -> set[str]:
    """Returns the files whose query was refused before anything ran, by pytest's output."""
    return set(re.findall(r"(?m)^ERROR (\S+)::q$", done.out))


def test_a_file_reads_its_tables_and_writes_nothing(project: Project) -> None:
    files = {f"a{number}.yaml": title for number, title in enumerate(ATTACKS)}
    for name, title in files.items():
        (project.folder / name).write_text(attack(ATTACKS[title], project.folder.parent))
    before = sorted(path.name for path in project.folder.iterdir())
    done = project.benchmark(*files, "--engines", "duckdb,polars")
    assert SECRET not in done.all
    assert [title for name, title in files.items() if name not in refused(done)] == [], done.all
    assert done.code != 0
    assert "Traceback" not in done.all
    for file in project.folder.rglob("*"):
        if file.is_file() and file.name not in files:
            assert SECRET not in file.read_text(errors="replace"), file
    after = {path.name for path in project.folder.iterdir()}
    assert after <= {*before, "results", "cache", ".benchmarks"}, after


class _Asked(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_error(404)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Prints nothing: the test only counts requests."""


@pytest.fixture
def server() -> Iterator[http.server.HTTPServer]:
    with http.server.HTTPServer(("127.0.0.1", 0), _Asked) as server:
        server.asked = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


ADDRESSED = (
    "select * from (summarize '{}')",
    "select k from '{}'",
    "select k from read_csv('{}')",
    "select k from read_parquet('{}')",
)


def test_no_address_is_asked(project: Project, server: http.server.HTTPServer) -> None:
    address = f"http://127.0.0.1:{server.server_address[1]}/x.csv"
    files = {f"a{number}.yaml": sql for number, sql in enumerate(ADDRESSED)}
    for name, sql in files.items():
        (project.folder / name).write_text(attack(sql.format(address), project.folder))
    done = project.benchmark(*files, "--engines", "duckdb,polars")
    assert [sql for name, sql in files.items() if name not in refused(done)] == [], done.all
    assert server.asked == []  # type: ignore[attr-defined]


def test_a_module_beside_the_workload_is_not_run(project: Project) -> None:
    """pytest-benchmark runs ``python -m cpuinfo``, for which Python looks in this folder first."""
    for name in ("json", "cpuinfo", "statistics", "duckdb"):
        mark = f"open('ran-{name}', 'w').close()\n"
        (project.folder / f"{name}.py").write_text(mark + "raise SystemExit(1)\n")
    project.write(a_yaml=attack("select k from t", project.folder))
    done = project.script("a.yaml", "--engines", "duckdb")
    assert done.code == 0, done.all
    assert list(project.folder.glob("ran-*")) == []


# ------------------------------------------------------------------ each lock alone


def everything(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[str]:
    """Returns the titles of the ATTACKS that DuckDB carries out, each run on this connection."""
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
    nowhere = {"custom_extension_repository": str(tmp_path / "none")}  # no server is asked
    with duckdb.connect(config=nowhere) as open_to_all:
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
    """The name ``s.csv`` is a file here, though a WITH has it: that is not recursive itself."""
    sql = (
        'with "s.csv" as (select k from "s.csv" where k in '
        "(with recursive r as (select 1 as k union all select k + 1 from r where k < 3) from r)) "
        "select k from t"
    )
    with duckdb.connect() as connection, pytest.raises(WorkloadError, match=r"not 's\.csv'"):
        judge(connection, sql, ["t"])


SQL_ENGINES = [n for n in engines.names() if isinstance(engines.get(n), SqlEngine)]


@pytest.mark.parametrize("engine", SQL_ENGINES)
def test_an_engine_of_sql_gets_no_text_that_somebody_wrote(engine: str) -> None:
    query = compile_query("select k /* {# */ as k from t -- #}", SCHEMA)
    tables = {name: Table(name, schema, 1) for name, schema in SCHEMA.items()}
    made = engines.get(engine)
    program = made.compile(query, tables, made.usual_input)
    text = program.text.replace("`", '"').partition("-- types of the answer")[0]  # of its own
    assert text == 'SELECT\n  "t"."k" AS "k"\nFROM "t"\n'


@pytest.mark.parametrize("name", ['b\\" Int64) ENGINE = Memory --', "b\\\\", "b' \\"])
def test_a_header_ends_no_name_in_the_tables_of_chdb(name: str) -> None:
    """A column's name cannot end its quotation in ClickHouse's SQL, where a backslash escapes."""
    columns = (Column("a", Type.INT64, False), Column(name, Type.INT64, False))
    table = Table("t", columns, 1, parquet=(Path("/t.parquet"),))
    declared = chdb_tables.columns(table)
    tree = sqlglot.parse_one(f"CREATE TABLE t ({declared}) ENGINE = Memory", read="clickhouse")
    assert [column.name for column in tree.find_all(exp.ColumnDef)] == ["a", name]
    (select,) = chdb_tables.files(table, Input.PARQUET)
    tree = sqlglot.parse_one(select, read="clickhouse")
    assert [column.name for column in tree.find_all(exp.Column)] == ["a", name]
    assert declared in {text.name for text in tree.find_all(exp.Literal)}


def test_polars_reads_no_other_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(f"k\n{SECRET}\n")
    session = PolarsSqlSession(1)
    session.tables["t"] = pl.DataFrame({"k": [1]}).lazy()
    with pytest.raises(WorkloadError, match=r"secret\.csv"):
        session.prepare(Program(f"select * from read_csv('{secret}')", "sql"))
    refuse_other_scans(f"Csv SCAN [{secret}]\n", [f"[{secret}]"])
    for files in (f"[{secret}, ... 1 other source]", f"[x/{secret}]"):
        with pytest.raises(WorkloadError, match=r"secret\.csv"):
            refuse_other_scans(f"Csv SCAN {files}\n", [f"[{secret}]"])


PAYLOAD = "null) end) as text) as z from t; create view pwned as select 7 as k; select 1 --"
PRINTED_RAW = {
    "a unit": f"select sum(v) as s, max(time_bucket(interval '1 day', k, '{PAYLOAD}')) as z from t",
    "a part of a date": f"select sum(v) as s, max(date_part('{PAYLOAD}', d)) as z from t",
    "a type": f'select sum(v) as s, max(cast(k as "{PAYLOAD}")) as z from t',
    "a collation": f"select sum(v) as s, max(collate(k, '{PAYLOAD}')) as z from t",
    "the end of a month": f"select sum(v) as s, max(last_day(d, '{PAYLOAD}')) as z from t",
}


@pytest.mark.parametrize("title", PRINTED_RAW)
def test_what_is_printed_of_a_query_is_that_query_or_is_not_run(title: str) -> None:
    """sqlglot prints some texts without quotation marks; what stands in them must not be run."""
    sql = PRINTED_RAW[title]
    with duckdb.connect() as connection:
        connection.execute("create table t as select 1 as k, 2 as v, date '2020-01-01' as d")
        data_of_its_own(connection, sql, ["t"])
        views = connection.execute("select view_name from duckdb_views() where not internal")
        assert views.fetchall() == []
    schema = {"t": (*SCHEMA["t"], Column("d", Type.DATE, False))}
    tables = {name: Table(name, columns, 1) for name, columns in schema.items()}
    for engine in SQL_ENGINES:
        with contextlib.suppress(WorkloadError, Unsupported):
            text = (
                engines.get(engine).compile(compile_query(sql, schema), tables, Input.MEMORY).text
            )
            assert engine == "duckdb" or "create view" not in text.split("'")[0]


@pytest.mark.parametrize(
    "now",
    [
        *("today()", "current_timestamp", "localtime", "current_user", "version()"),
        *('"current_date"', '"LocalTimestamp"', '"session_user"'),
    ],
)
def test_a_query_has_the_same_answer_each_time(now: str) -> None:
    with pytest.raises(WorkloadError, match="another each time"):
        compile_query(f"select cast({now} as varchar) as n from t", SCHEMA)


def test_no_alias_hides_the_clock() -> None:
    sql = 'select cast("current_date" as varchar) as "current_date" from t'
    with pytest.raises(WorkloadError, match="another each time"):
        compile_query(sql, SCHEMA)
    has_it = {"t": (Column("current_date", Type.DATE, False),)}
    assert compile_query(sql, has_it).plan is not None


# ------------------------------------------------------------------ what a terminal shows


def test_a_terminal_obeys_no_text_of_a_file(project: Project) -> None:
    escape = "\x1b]0;PWNED\x07"
    (project.folder / "t.csv").write_text(f"k,{escape}\n1,2\n")
    queries = "queries: {q: select nothing from t, r: 'select k, 1 + 1 from t'}"
    (project.folder / "w.yaml").write_text(f"title: x\ntables: {{t: t.csv}}\n{queries}\n")
    run = project.benchmark("w.yaml", "--engines", "duckdb")
    assert "\x1b]" not in run.all and r"\x1b]0;PWNED\x07" in run.all
    (project.folder / "n\x1b]0;b.yaml").write_text(f"tables: {{t: t.csv}}\n{queries}\n")
    assert load(project.folder / "n\x1b]0;b.yaml").title == r"n\x1b]0;b"
    assert visible("a\n\tb\u202ec\x9b é") == "a\n\tb\\u202ec\\x9b é"


# ------------------------------------------------------------------ limits


@pytest.mark.parametrize(
    "sql",
    [
        "select round(k, -300000000) as x from t",
        "select round(v / 7, 300000000) as x from t",
        f"select k from t where regexp_matches(s, '{'[' * 60_000}')",
        f"select regexp_extract(s, '{'(a[' * 20_000}', 1) as x from t",
    ],
)
def test_a_constant_that_is_too_large_stops_no_compiling(sql: str) -> None:
    schema = (*SCHEMA["t"], Column("s", Type.STRING, False))
    began = time.process_time()
    for name in engines.names():
        with contextlib.suppress(Unsupported, WorkloadError):  # DuckDB refuses a pattern itself
            query, tables = compile_query(sql, {"t": schema}), {"t": Table("t", schema, rows=0)}
            engines.get(name).compile(query, tables, Input.MEMORY)
    assert time.process_time() - began < 10


def test_a_limit_that_is_another_each_time_is_refused() -> None:
    with pytest.raises(WorkloadError, match="another each time"):
        compile_query("select k from t limit 1 + cast(random() * 1.98 as bigint)", SCHEMA)


def test_a_file_has_bounds_for_its_queries_and_tables(project: Project) -> None:
    file = project.folder / "w.yaml"
    for key, most in (("queries", 1000), ("tables", 200)):
        parts = {"queries": "{q: select 1 as k}", "tables": "{t: t.csv}"}
        value = "select 1 as k" if key == "queries" else "t.csv"
        parts[key] = "{" + ", ".join(f"q{n}: {value}" for n in range(most + 1)) + "}"
        file.write_text("".join(f"{name}: {text}\n" for name, text in parts.items()))
        with pytest.raises(WorkloadError, match=f"{most + 1} {key} in one file; at most {most}"):
            load(file)


def test_an_unfinished_reference_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "MOST_BYTES", 10**6)
    references = References()
    references.start(StartReferee(CacheBudget(tmp_path, "run", 0), 1))
    for sql in ("select unnest(range(1000000)) as k", "select error('x') as k"):
        with pytest.raises(NoReference):
            references._file([], "key", AnswerSpec((), sql), sql)
    assert list((tmp_path / "answers").iterdir()) == []


def self_joins(number: int) -> str:
    """Returns the SQL of a query whose WITH tables each join the one before with itself."""
    tables = ["c0 as (select k from t)"]
    for n in range(1, number):
        tables.append(f"c{n} as (select a.k from c{n - 1} as a join c{n - 1} as b on a.k = b.k)")
    return f"with {', '.join(tables)} select k from c{number - 1}"


LARGE_NUMBERS = {
    "limit.yaml": "select k from t limit NUMBER",
    "substr.yaml": "select k, substr('ab', NUMBER) as v from t",
}
IMPATIENT = "from harness.workload import compiler\ncompiler.SECONDS = 2.0\n"


def test_what_is_beyond_a_bound_is_told_with_its_line(project: Project) -> None:
    number = "of 5,000 digits is out of range"
    told = {
        "half.yaml": "3: half of a character",
        "rows.yaml": "2: 'rows' cannot be 1000000000000: it should be at most",
        "title.yaml": r"1: 'x\x1b]0;PWNED' should be one line of text",
        "long.yaml": "5: query 'q': to compile it takes more than 2 s",
        **dict.fromkeys(LARGE_NUMBERS, f"5: query 'q': the number 999999999999… {number}"),
    }
    sizes = "{generator: groupby, sizes: {small: {rows: 1000000000000}}}"
    files = {
        "half.yaml": "tables: {t: t.csv}\nqueries:\n  q: \"select '\\ud800' as s from t\"\n",
        "rows.yaml": f"title: x\ndata: {sizes}\nqueries: {{q: select count(*) as n from x}}\n",
        "title.yaml": 'title: "x\\e]0;PWNED"\ntables: {t: t.csv}\nqueries: {q: select k from t}\n',
        "long.yaml": attack(self_joins(20), Path()),
        "conftest.py": IMPATIENT,
    }
    for name, sql in LARGE_NUMBERS.items():
        files[name] = attack(sql.replace("NUMBER", "9" * 5000), Path())
        assert compile_query(sql.replace("NUMBER", "0" * 5000 + "1"), SCHEMA).plan is not None
    for name, text in files.items():
        (project.folder / name).write_text(text)
    done = project.benchmark(*told, "--engines", "polars", "--collect-only")
    missing = [name for name, words in told.items() if f"{name}:{words}" not in done.all]
    assert missing == [], done.all
    assert not any(words in done.all for words in ("Traceback", "\x1b]", "please report"))


def test_the_referee_ends_when_a_cell_would(project: Project) -> None:
    """The query's cross joins have 16 trillion rows, so that the reference is never done."""
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
