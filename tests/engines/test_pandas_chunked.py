"""pandas in chunks: from two rows of a table at a time it gives the answer of the whole table."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from harness import engines
from harness.engines.pandas.chunked import PandasChunked, PandasChunks
from harness.engines.session import OUTPUT_FILE
from harness.tables import Input, Table
from harness.verify.compare import compare
from tests.engines.test_semantics import QUERIES
from tests.places import SEMANTICS
from tests.support.in_process import InProcess, read_tables

ENGINE = f"{__name__}:InPairs"
SHARE = 12
"""One of how many queries of the battery is run here."""


class LoopsOverPairs(PandasChunks):
    rows = 2


class InPairs(PandasChunked):
    emitter = LoopsOverPairs


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    folder = tmp_path_factory.mktemp("chunked")
    with InProcess(read_tables(SEMANTICS / "tables.yaml"), folder) as started:
        yield started


ANSWERED = {
    "rows": "select id, k + n as z, x from people where n > 0",
    "sums": "select k, sum(n) as s, sum(x) as t, count(*), count(x) as m from people group by k",
    "means": "select k, avg(x) as a, avg(i) as b, min(s) as c, max(d) as e from people group by k",
    "the whole": "select avg(x) as a, sum(i) as s, count(*) as n, min(w) as w from people",
    "conditions": "select k, sum(case when c then 1 else 0 end) as n from people group by k",
    "distinct counts": "select k, count(distinct s) as n, sum(x) as x from people group by k",
    "a distinct count of all": "select count(distinct k) as n, avg(x) as a from people",
    "distinct rows": "select distinct k, b from people",
    "groups without aggregates": "select k from people group by k",
    "high means": "select k, avg(x) as a from people group by k having avg(x) > 0 order by a",
    "the first rows": "select id, n from people order by n desc, id limit 3",
    "rows after the first": "select id, n from people order by n, id limit 2 offset 3",
    "the first of each": """select id, k from (select id, k,
        row_number() over (partition by k order by id) as place from people) where place = 1""",
    "a join": "select p.id, t.name from people p join teams t on p.k = t.id",
    "a left join": "select p.id, t.name, t.founded from people p left join teams t on p.k = t.id",
    "a join from the right": "select t.name, p.id from teams t join people p on p.k = t.id",
    "a join of sums": """select t.name, count(*) as n from people p join teams t on p.k = t.id
        group by t.name""",
    "rows with partners": "select id from people where k in (select id from teams where half > 0)",
    "rows without": "select id from people p where not exists (select 1 from pairs where bk = p.k)",
    "more than the mean": "select id, n from people where n > (select avg(n) from people)",
    "shares": """select p.id, p.n * 1.0 / g.total as share from people p
        join (select c, sum(n) as total from people group by c) g on p.c = g.c""",
    "grouping sets": "select k, c, sum(n) as s from people group by rollup (k, c)",
    "no rows": "select s, sum(v) as v, count(*) as n, avg(x) as x from empty group by s",
    "the sum of no rows": "select sum(v) as v, count(*) as n, avg(x) as x from empty",
    "all of no rows": "select * from empty",
}


@pytest.mark.parametrize("title", ANSWERED)
def test_chunks_give_the_answer_of_the_whole(tables: InProcess, title: str) -> None:
    assert tables.verdict(ENGINE, ANSWERED[title]).outcome == "ok"


REFUSED = {
    "a sort": "select id from people order by n",
    "a window": "select id, rank() over (order by n) as place from people",
    "a search": "select name from teams t left join people p on p.k = t.id and p.n > 0",
    "itself": "select a.id from people a join people b on a.n = b.id",
    "add up": "select k, median(x) as m from people group by k",
    "several columns": "select count(distinct k) as n, count(distinct s) as m from people",
    "a union": "select id from people union all select id from teams",
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_needs_all_rows_at_once_is_refused(tables: InProcess, what: str) -> None:
    verdict = tables.verdict(ENGINE, REFUSED[what])
    assert verdict.outcome == "unsupported" and what in verdict.reason
    assert verdict.gap in PandasChunked.gaps


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
def test_no_query_of_the_battery_is_answered_wrong(tables: InProcess) -> None:
    chosen = [title for title in QUERIES if zlib.crc32(title.encode()) % SHARE == 0]
    found = {title: tables.verdict(ENGINE, QUERIES[title]) for title in chosen}
    assert {t: v for t, v in found.items() if v.outcome not in ("ok", "unsupported")} == {}
    assert sum(v.outcome == "ok" for v in found.values()) > len(chosen) / 2


@pytest.mark.parametrize("source", [Input.PARQUET, Input.CSV])
def test_an_answer_is_written_chunk_by_chunk(
    tables: InProcess, source: Input, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    known = {name: with_csv(table, tmp_path) for name, table in tables.tables.items()}
    sql = """select p.id, p.k, p.x, p.y, p.d, p.u, p.b, p.c, upper(p.w) as w, t.name, t.founded
        from people p left join teams t on p.k = t.id where p.w <> 'x'"""
    query = tables.query(sql)
    engine = engines.get(ENGINE)
    program = engine.compile(replace(query, write="parquet"), known, source)
    session = engine.start(1)
    for table in known.values():
        session.scan(table, source)
    session.prepare(program)
    session.run()
    answer = pq.ParquetFile(OUTPUT_FILE)
    assert answer.num_row_groups > 1
    assert compare(answer.read(), tables.expected(sql), query.spec) is None


def with_csv(table: Table, folder: Path) -> Table:
    file = folder / f"{table.name}.csv"
    pcsv.write_csv(pq.read_table(table.parquet[0]), file)
    return Table(table.name, table.schema, table.rows, table.parquet, (file,))
