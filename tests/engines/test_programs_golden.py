"""The programs that engines are given, as text: one file for each engine and query.

``UPDATE_GOLDEN=1 pytest tests/engines/test_programs_golden.py`` writes them anew; read the
difference as a user of that library would.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from inspect import cleandoc
from pathlib import Path

import pytest

from harness import engines
from harness.data.cache import Cache
from harness.data.prepare import schemas
from harness.engines.session import Program
from harness.errors import Unsupported
from harness.plan import compile_query
from harness.tables import Input, Table
from harness.workload.compiler import Compiler
from harness.workload.file import load
from harness.workload.reader import Reader
from tests import places
from tests.places import SEMANTICS, WORKLOADS
from tests.support.in_process import described, read_tables

TABLES = SEMANTICS / "tables.yaml"
GOLDEN = places.GOLDEN / "programs"
CHOSEN = {
    "groupby": (Input.MEMORY, ("q1", "q3", "q6", "q8", "q9")),
    "join": (Input.MEMORY, ("q2", "q3")),
    "etl": (Input.CSV, ("booked", "deduplicated", "monthly")),
    "flights": (Input.MEMORY, ("delay_by_carrier", "worst_days", "aircraft_age")),
    "sort": (Input.MEMORY, ("top_3_of_each",)),
    "text": (Input.MEMORY, ("by_host",)),
    "timeseries": (Input.MEMORY, ("events_nearest", "mean_of_the_hour", "sessions")),
    "training": (Input.PARQUET, ("dear_trips", "mixed_trips")),
    "tpch": (Input.PARQUET, ("q03", "q21")),
}
IDIOMS = {
    "windows": """
        select g, o, sum(v) over (partition by g order by o rows unbounded preceding) as running,
            avg(r) over (partition by g order by o rows 2 preceding) as moving,
            rank() over (partition by g order by v desc, r) as place,
            lag(o) over (partition by g order by o) as before
        from scores
    """,
    "peers": "select o, sum(v) over (partition by g order by r) as total from scores",
    "ranges": """
        select id, avg(y) over (partition by c order by u range interval 1 hour preceding) as a,
            sum(n) over (order by e range interval 7 day preceding) as b,
            count(*) over (order by id range between 1 preceding and 2 following) as around
        from people
    """,
    "filled": """
        select o, coalesce(v, last_value(v ignore nulls) over (partition by g order by o
                rows between unbounded preceding and current row)) as v,
            lag(v ignore nulls) over (partition by g order by o) as before
        from scores
    """,
    "latest": """
        select t.id, q.v, q.o
        from teams as t, lateral (
            select s.v, s.o from scores as s where s.o = t.id order by s.r desc limit 2) as q
    """,
    "buckets": """
        select time_bucket(interval 15 minute, u) as quarter, count(*) as n, sum(sin(y)) as s
        from people group by quarter
    """,
    "texts": """
        select id, split_part(w, '.', 1) as first, regexp_extract(s, '[a-z]+') as word,
            lpad(w, 3, '*') as padded, strpos(w, 'a') as place, concat_ws(', ', s, w) as both
        from people
        where not ends_with(w, 'x')
    """,
    "dates": """
        select strftime(e, '%Y-%m') as month, max(last_day(e)) as last,
            avg(date_diff('day', e, u)) as apart, count(*) as n
        from people
        where u < date '2021-01-31' + interval 1 month
        group by 1
    """,
    "sets": """
        select k, c, sum(n) as total, count(*) as rows
        from people
        where id in (select r from scores union select bk from pairs where val > 10)
        group by rollup (k, c)
        order by k, c
    """,
}
"""What no workload shows: functions, windows and sets, over the battery's tables."""
PROGRAMS = [(workload, query) for workload, (_, queries) in CHOSEN.items() for query in queries]


@pytest.fixture(scope="module")
def compiler() -> Iterator[Callable[[str], Compiler]]:
    """Returns a function: a workload's name -> its compiler, made once."""
    with Reader() as reader:
        yield cache(lambda workload: Compiler(load(WORKLOADS / f"{workload}.yaml"), reader))


@pytest.mark.parametrize("engine", engines.names())
@pytest.mark.parametrize(("workload", "query"), PROGRAMS)
def test_the_program_is_the_golden_one(
    workload: str,
    query: str,
    engine: str,
    compiler: Callable[[str], Compiler],
    tmp_path: Path,
) -> None:
    made, (source, _) = compiler(workload), CHOSEN[workload]
    with Cache(tmp_path) as folder:
        known = schemas(made.workload, made.workload.sizes[0], folder)
    asked, usual = made.workload.query(query), engines.get(engine).usual_input
    source = usual if source is Input.MEMORY else source
    if asked.train and programs_of(engine) != engine and not engines.get(engine).hands_over:
        with pytest.raises(Unsupported):  # unlike the engine whose programs it has
            made.program(asked, known, engine, source)
        return
    compare(lambda: made.program(asked, known, engine, source), engine, f"{workload}_{query}")


@pytest.mark.parametrize("engine", engines.names())
@pytest.mark.parametrize("idiom", IDIOMS)
def test_an_idiom_is_the_golden_one(idiom: str, engine: str) -> None:
    tables = {
        name: Table(name, described(t), t.num_rows) for name, t in read_tables(TABLES).items()
    }
    query = compile_query(cleandoc(IDIOMS[idiom]), {n: t.schema for n, t in tables.items()})
    made = engines.get(engine)
    compare(lambda: made.compile(query, tables, made.usual_input), engine, f"idiom_{idiom}")


def compare(compiled: Callable[[], Program], engine: str, name: str) -> None:
    """Checks that a program, or the reason why there is none, is the content of its golden file."""
    try:
        program = compiled()
    except Unsupported as error:
        program = Program(f"# unsupported: {error}", engines.get(engine).language)
    owner = programs_of(engine)
    if owner != engine:  # a reason names the engine
        own, its = engines.get(owner).label, engines.get(engine).label
        program = Program(program.text.replace(its, own), program.language)
    file = GOLDEN / owner / f"{name}.{'txt' if program.language == 'python' else 'sql'}"
    if os.environ.get("UPDATE_GOLDEN") and owner == engine:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(program.text + "\n" * (not program.text.endswith("\n")))
    assert program.text.rstrip("\n") == file.read_text().rstrip("\n")


@pytest.mark.parametrize("engine", engines.names())
def test_an_input_that_an_engine_does_not_read_is_a_gap(engine: str) -> None:
    tables = {
        name: Table(name, described(t), t.num_rows) for name, t in read_tables(TABLES).items()
    }
    query = compile_query("select id from people", {n: t.schema for n, t in tables.items()})
    made = engines.get(engine)
    for source in set(Input) - made.reads:
        with pytest.raises(Unsupported) as raised:
            made.compile(query, tables, source)
        assert "cannot" in str(raised.value) or "not yet" in str(raised.value)


COMPILING = ("compile", "emitter", "as_written")
"""What of an engine decides what its programs are."""


def programs_of(engine: str) -> str:
    """Returns the engine whose programs an engine has: itself, or one that it derives from.

    The latter, if it defines none of the methods that compile (COMPILING) anew.
    """
    kind = type(engines.get(engine))
    for other in engines.names():
        base = type(engines.get(other))
        alike = all(getattr(base, a, None) is getattr(kind, a, None) for a in COMPILING)
        if base is not kind and issubclass(kind, base) and alike:
            return other
    return engine


def test_an_engine_that_compiles_as_another_has_no_files_of_its_own() -> None:
    owners = {programs_of(engine) for engine in engines.names()}
    assert {folder.name for folder in GOLDEN.iterdir()} == owners
