"""Every kind of expression and of plan node is written for an engine, or declared as a gap.

Each kind has an example here, so that none is added to the plan layer and forgotten.
"""

from __future__ import annotations

import pytest
from sqlglot import exp

from harness import engines, plan
from harness.engines.sql.base import SqlEngine
from harness.errors import Unsupported
from harness.plan import Query
from harness.plan.facts.typing import KNOWN
from harness.plan.tree.nodes import Node, walk
from harness.tables import Input, Table
from tests.places import SEMANTICS
from tests.support.in_process import described, installed, read_tables

TABLES = SEMANTICS / "tables.yaml"
EXPRESSIONS = {
    "Column": "n",
    "Literal": "n + 1",
    "Boolean": "coalesce(b, true)",
    "Null": "case when n > 1 then null else n end",
    "Neg": "-n",
    "Add": "n + id",
    "Sub": "n - id",
    "Mul": "n * id",
    "Div": "n / 2",
    "Mod": "n % 2",
    "IntDiv": "n // 2",
    "EQ": "n = id",
    "NEQ": "n <> id",
    "LT": "n < 3",
    "LTE": "n <= 3",
    "GT": "n > 3",
    "GTE": "n >= 3",
    "And": "n > 1 and id > 1",
    "Or": "n > 1 or id > 1",
    "Not": "not c",
    "Is": "k is null",
    "In": "n in (1, 2)",
    "Between": "n between 1 and 2",
    "Like": "w like 'a%'",
    "ILike": "w ilike 'a%'",
    "RegexpLike": "regexp_matches(w, '^a')",
    "StartsWith": "starts_with(w, 'a')",
    "EndsWith": "ends_with(w, 'a')",
    "Contains": "contains(w, 'a')",
    "Case": "case when n > 1 then 'a' else 'b' end",
    "Coalesce": "coalesce(k, n)",
    "Greatest": "greatest(k, n)",
    "Least": "least(k, n)",
    "Cast": "cast(n as varchar)",
    "TryCast": "try_cast(w as bigint)",
    "Extract": "extract(year from e)",
    "TimestampTrunc": "date_trunc('month', u)",
    "Interval": "e + interval 1 month",
    "Round": "round(y, 1)",
    "Abs": "abs(n)",
    "Floor": "floor(y)",
    "Ceil": "ceil(y)",
    "Pow": "power(n, 2)",
    "Ln": "ln(id)",
    "Log": "log10(id)",
    "Sqrt": "sqrt(id)",
    "Exp": "exp(y)",
    "Concat": "concat(w, s)",
    "DPipe": "w || s",
    "Length": "length(w)",
    "Upper": "upper(w)",
    "Lower": "lower(w)",
    "Trim": "trim(w)",
    "Substring": "substring(w, 1, 2)",
    "Replace": "replace(w, 'a', 'b')",
    "TimeToStr": "strftime(e, '%Y')",
    "StrToTime": "strptime(w, '%Y-%m-%d')",
    "DateDiff": "date_diff('month', e, u)",
    "DateFromParts": "make_date(n, 2, 3)",
    "LastDay": "last_day(e)",
    "Sign": "sign(n)",
    "ConcatWs": "concat_ws('-', w, s)",
    "Bracket": "string_split(w, 'a')[1]",
    "StrPosition": "strpos(w, 'a')",
    "Reverse": "reverse(w)",
    "Repeat": "repeat(w, 2)",
    "Pad": "lpad(w, 3, '0')",
    "Right": "right(w, 2)",
    "SplitPart": "split_part(w, 'a', 1)",
    "RegexpReplace": "regexp_replace(w, 'a', 'b')",
    "RegexpExtract": "regexp_extract(w, '[a-z]+')",
    "Count": "count(k)",
    "Sum": "sum(n)",
    "Min": "min(n)",
    "Max": "max(n)",
    "Avg": "avg(n)",
    "Median": "median(n)",
    "PercentileCont": "quantile_cont(n, 0.9)",
    "StddevSamp": "stddev(n)",
    "StddevPop": "stddev_pop(n)",
    "Variance": "variance(n)",
    "VariancePop": "var_pop(n)",
    "AnyValue": "any_value(n)",
    "PercentileDisc": "quantile_disc(n, 0.9)",
    "ArgMin": "arg_min(w, n)",
    "ArgMax": "arg_max(w, n)",
    "GroupConcat": "string_agg(w, ',' order by n)",
    "Corr": "corr(n, y)",
    "Window": "rank() over (partition by c order by n)",
}
NODES = {
    "Scan": "select id from people",
    "Filter": "select id from people where n > 1",
    "Project": "select id, n + 1 as m from people",
    "Aggregate": "select k, count(*) as c from people group by k",
    "Join": "select p.id from people as p join teams as t on p.id = t.id",
    "Window": "select id, rank() over (partition by c order by n) as r from people",
    "TopPerGroup": (
        "select id from (select id, row_number() over (partition by c order by n) as p "
        "from people) as t where p <= 2"
    ),
    "Sort": "select id from people order by n",
    "Limit": "select id from people order by n limit 3",
    "Distinct": "select distinct k from people",
    "Union": "select id from people union all select id from teams",
}


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    return {name: Table(name, described(t), t.num_rows) for name, t in read_tables(TABLES).items()}


def compiled(sql: str, tables: dict[str, Table]) -> Query:
    return plan.compile_query(sql, {name: table.schema for name, table in tables.items()})


def parts(node: Node) -> set[str]:
    """The kinds of all nodes of a plan, and of all expressions that they hold."""
    found = set()
    for each in walk(node):
        held = [e for value in vars(each).values() for e in _expressions(value)]
        found |= {type(each).__name__} | {type(e).__name__ for top in held for e in top.walk()}
    return found


def _expressions(value: object) -> list[exp.Expression]:
    if isinstance(value, tuple):
        return [e for item in value for e in _expressions(item)]
    return [value] if isinstance(value, exp.Expression) else []


def holds(kind: str, sql: str, tables: dict[str, Table], engine: str) -> None:
    """The query has that kind in its plan, and the engine has a program for it, or says why not.

    An engine of SQL says so by its shapes, too, and by what its dialect has no spelling for.
    """
    query = compiled(sql, tables)
    assert kind in parts(query.lowered()), sql
    asked = engines.get(engine)
    try:
        asked.compile(query, tables, Input.MEMORY)
    except Unsupported as error:
        if isinstance(asked, SqlEngine):
            return
        declared = {**asked.cannot, **asked.not_yet}
        assert kind in declared, f"{kind} is not written, nor declared by {asked.label}: {error}"


@pytest.mark.parametrize("engine", installed())
@pytest.mark.parametrize("kind", EXPRESSIONS)
def test_every_kind_of_expression_is_written_or_declared(
    kind: str, engine: str, tables: dict[str, Table]
) -> None:
    holds(kind, f"select {EXPRESSIONS[kind]} as v from people", tables, engine)


@pytest.mark.parametrize("engine", installed())
@pytest.mark.parametrize("kind", NODES)
def test_every_kind_of_node_is_written_or_declared(
    kind: str, engine: str, tables: dict[str, Table]
) -> None:
    holds(kind, NODES[kind], tables, engine)


def test_every_kind_has_an_example() -> None:
    assert set(EXPRESSIONS) == {kind.__name__ for kind in KNOWN}
    assert set(NODES) == {node.__name__ for node in Node.__subclasses__()}


@pytest.mark.parametrize("engine", installed())
def test_only_kinds_that_exist_are_declared(engine: str) -> None:
    asked = engines.get(engine)
    assert {*asked.cannot, *asked.not_yet} <= {*EXPRESSIONS, *NODES}
