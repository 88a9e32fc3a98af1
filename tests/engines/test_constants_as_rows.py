"""VALUES, PIVOT, UNPIVOT, LIKE … ESCAPE and comparisons with ALL: the answers, on every engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.errors import Unsupported
from harness.tables import Input
from tests.support.in_process import InProcess, arrow_table, installed

SALES = arrow_table(
    {"shop": "string", "month": "string", "sold": "int64", "spoilt": "int64"},
    [
        ["north", "May", 3, 1],
        ["north", "June", 5, None],
        ["south", "May", 7, 0],
        ["10% off", "June", 2, 2],
        ["north", "May", 4, 0],
    ],
)
ANSWERS = {
    "select x, y from (values (1, 'a'), (2, null)) v(x, y) order by x": [(1, "a"), (2, None)],
    "select 1 + 1 as two, 'x' as x": [(2, "x")],
    "select shop, long from sales join (values ('May', '05'), ('June', '06')) v(short, long)"
    " on short = month where sold > 4 order by long, shop": [("south", "05"), ("north", "06")],
    "select * from (select shop, month, sold from sales)"
    " pivot (sum(sold) for month in ('May', 'June')) order by shop": [
        ("10% off", None, 2),
        ("north", 7, 5),
        ("south", 7, None),
    ],
    "select month, what, n from sales unpivot (n for what in (sold, spoilt as bad))"
    " where shop <> 'south' order by month, what, n": [
        ("June", "bad", 2),
        ("June", "sold", 2),
        ("June", "sold", 5),
        ("May", "bad", 0),
        ("May", "bad", 1),
        ("May", "sold", 3),
        ("May", "sold", 4),
    ],
    "select shop from sales where shop like '10!% %' escape '!'": [("10% off",)],
    "select sold from sales where sold >= all (select sold from sales where shop = 'north')"
    " order by sold": [(5,), (7,)],
    "select sold from sales where sold > all (select spoilt from sales)": [],
    "select count(*) as n from sales where sold < any (select spoilt + 4 from sales)": [(4,)],
}


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    with InProcess({"sales": SALES}, tmp_path_factory.mktemp("sales")) as started:
        yield started


@pytest.mark.parametrize("engine", installed(reads=Input.MEMORY))
@pytest.mark.parametrize("sql", ANSWERS)
def test_the_answer(engines: InProcess, engine: str, sql: str) -> None:
    try:
        answer = engines.answer(engine, sql)
    except Unsupported as error:
        pytest.skip(str(error))
    rows = [tuple(row.values()) for row in answer.to_pylist()]
    assert [tuple(None if v != v else v for v in row) for row in rows] == ANSWERS[sql]
