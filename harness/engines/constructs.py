"""The functions and constructs of SQL that a query may have, each with a query that uses it.

``harness doctor --functions`` compiles these queries for every engine, and tests run them.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from harness.plan.tree.nodes import (
    Aggregate,
    AsOfJoin,
    Distinct,
    Filter,
    Join,
    Limit,
    Node,
    Project,
    Scan,
    Sort,
    TopPerGroup,
    Union,
    Values,
    Window,
)
from harness.types import Column, Schema, Type

Kind = type[exp.Expr] | type[Node]


@dataclass(frozen=True)
class Construct:
    """A function or form of SQL: how it is written, its kind in a plan, a query that uses it."""

    group: str
    written: str
    kind: Kind
    sql: str


def _schema(columns: str) -> Schema:
    """Returns the schema that a short text describes: ``id:int64 k:int64?``.

    ``?`` marks columns that hold NULLs.
    """
    pairs = (text.rstrip("?").split(":") for text in columns.split())
    nullable = (text.endswith("?") for text in columns.split())
    return tuple(Column(n, Type(t), null) for (n, t), null in zip(pairs, nullable, strict=True))


TABLES: dict[str, Schema] = {
    "people": _schema(
        "id:int64 k:int64? i:int64? n:int64 x:float64? y:float64 s:string? w:string "
        "d:date? e:date t:timestamp? u:timestamp b:boolean? c:boolean"
    ),
    "texts": _schema("id:int64 day:string?"),
    "pairs": _schema("bk:int64? val:int64? bs:string?"),
    "teams": _schema("id:int64 name:string founded:int64 half:float64"),
}
"""The tables of the queries; ``tests/semantics/tables.yaml`` has rows for them."""

_VALUES: dict[str, tuple[tuple[str, Kind, str], ...]] = {
    "Numbers": (
        ("n", exp.Column, "n"),
        ("1", exp.Literal, "n + 1"),
        ("-n", exp.Neg, "-n"),
        ("a + b", exp.Add, "n + id"),
        ("a - b", exp.Sub, "n - id"),
        ("a * b", exp.Mul, "n * id"),
        ("a / b", exp.Div, "n / 2"),
        ("a % b", exp.Mod, "n % 2"),
        ("a // b", exp.IntDiv, "n // 2"),
        ("abs(n)", exp.Abs, "abs(n)"),
        ("sign(n)", exp.Sign, "sign(n)"),
        ("round(x, places)", exp.Round, "round(y, 1)"),
        ("floor(x)", exp.Floor, "floor(y)"),
        ("ceil(x)", exp.Ceil, "ceil(y)"),
        ("power(x, y)", exp.Pow, "power(n, 2)"),
        ("sqrt(x)", exp.Sqrt, "sqrt(id)"),
        ("exp(x)", exp.Exp, "exp(y)"),
        ("ln(x)", exp.Ln, "ln(id)"),
        ("log10(x)", exp.Log, "log10(id)"),
        ("sin(x)", exp.Sin, "sin(y)"),
        ("cos(x)", exp.Cos, "cos(y)"),
        ("tan(x)", exp.Tan, "tan(y)"),
        ("asin(x)", exp.Asin, "asin(y / 9)"),
        ("acos(x)", exp.Acos, "acos(y / 9)"),
        ("atan(x)", exp.Atan, "atan(y)"),
        ("atan2(y, x)", exp.Atan2, "atan2(y, n)"),
        ("radians(x)", exp.Radians, "radians(y)"),
        ("degrees(x)", exp.Degrees, "degrees(y)"),
        ("greatest(a, b)", exp.Greatest, "greatest(k, n)"),
        ("least(a, b)", exp.Least, "least(k, n)"),
    ),
    "Conditions": (
        ("true", exp.Boolean, "coalesce(b, true)"),
        ("null", exp.Null, "case when n > 1 then null else n end"),
        ("a = b", exp.EQ, "n = id"),
        ("a <> b", exp.NEQ, "n <> id"),
        ("a < b", exp.LT, "n < 3"),
        ("a <= b", exp.LTE, "n <= 3"),
        ("a > b", exp.GT, "n > 3"),
        ("a >= b", exp.GTE, "n >= 3"),
        ("between a and b", exp.Between, "n between 1 and 2"),
        ("in (a, b)", exp.In, "n in (1, 2)"),
        ("and", exp.And, "n > 1 and id > 1"),
        ("or", exp.Or, "n > 1 or id > 1"),
        ("not", exp.Not, "not c"),
        ("is null", exp.Is, "k is null"),
        ("case when … end", exp.Case, "case when n > 1 then 'a' else 'b' end"),
        ("coalesce(a, b)", exp.Coalesce, "coalesce(k, n)"),
    ),
    "Types": (
        ("cast(x as type)", exp.Cast, "cast(n as varchar)"),
        ("try_cast(x as type)", exp.TryCast, "try_cast(w as bigint)"),
    ),
    "Texts": (
        ("a || b", exp.DPipe, "w || s"),
        ("concat(a, b)", exp.Concat, "concat(w, s)"),
        ("concat_ws('-', a, b)", exp.ConcatWs, "concat_ws('-', w, s)"),
        ("like", exp.Like, "w like 'a%'"),
        ("ilike", exp.ILike, "w ilike 'a%'"),
        ("like … escape", exp.Like, "w like '%a!_%' escape '!'"),
        ("starts_with(s, 'a')", exp.StartsWith, "starts_with(w, 'a')"),
        ("ends_with(s, 'a')", exp.EndsWith, "ends_with(w, 'a')"),
        ("contains(s, 'a')", exp.Contains, "contains(w, 'a')"),
        ("strpos(s, 'a')", exp.StrPosition, "strpos(w, 'a')"),
        ("length(s)", exp.Length, "length(w)"),
        ("strlen(s)", exp.ByteLength, "strlen(w)"),
        ("upper(s)", exp.Upper, "upper(w)"),
        ("lower(s)", exp.Lower, "lower(w)"),
        ("trim(s)", exp.Trim, "trim(w)"),
        ("substring(s, 1, 2)", exp.Substring, "substring(w, 1, 2)"),
        ("right(s, 2)", exp.Right, "right(w, 2)"),
        ("replace(s, 'a', 'b')", exp.Replace, "replace(w, 'a', 'b')"),
        ("lpad(s, 3, '0')", exp.Pad, "lpad(w, 3, '0')"),
        ("reverse(s)", exp.Reverse, "reverse(w)"),
        ("repeat(s, 2)", exp.Repeat, "repeat(w, 2)"),
        ("split_part(s, 'a', 1)", exp.SplitPart, "split_part(w, 'a', 1)"),
        ("string_split(s, a)[1]", exp.Bracket, "string_split(w, 'a')[1]"),
        ("regexp_matches(s, 'a')", exp.RegexpLike, "regexp_matches(w, '^a')"),
        ("regexp_replace(s, a, b)", exp.RegexpReplace, "regexp_replace(w, 'a', 'b')"),
        ("regexp_extract(s, 'a')", exp.RegexpExtract, "regexp_extract(w, '[a-z]+')"),
    ),
    "Dates and times": (
        ("d + interval 1 month", exp.Interval, "e + interval 1 month"),
        ("extract(year from d)", exp.Extract, "extract(year from e)"),
        ("time_bucket(interval 15 minute, t)", exp.DateBin, "time_bucket(interval 15 minute, u)"),
        ("date_trunc('month', t)", exp.TimestampTrunc, "date_trunc('month', u)"),
        ("date_diff('month', d, t)", exp.DateDiff, "date_diff('month', e, u)"),
        ("make_date(y, m, d)", exp.DateFromParts, "make_date(2000 + id, 2, 3)"),
        ("last_day(d)", exp.LastDay, "last_day(e)"),
        ("strftime(t, '%Y')", exp.TimeToStr, "strftime(e, '%Y')"),
        ("strptime(s, '%Y')", exp.StrToTime, "strptime(day, '%Y-%m-%d')"),
    ),
}
_AGGREGATES: tuple[tuple[str, Kind, str], ...] = (
    ("count(x)", exp.Count, "count(k)"),
    ("count(distinct x)", exp.Distinct, "count(distinct k)"),
    ("sum(x)", exp.Sum, "sum(n)"),
    ("min(x)", exp.Min, "min(n)"),
    ("max(x)", exp.Max, "max(n)"),
    ("avg(x)", exp.Avg, "avg(n)"),
    ("median(x)", exp.Median, "median(n)"),
    ("quantile_cont(x, 0.9)", exp.PercentileCont, "quantile_cont(n, 0.9)"),
    ("quantile_disc(x, 0.9)", exp.PercentileDisc, "quantile_disc(n, 0.9)"),
    ("stddev(x)", exp.StddevSamp, "stddev(n)"),
    ("stddev_pop(x)", exp.StddevPop, "stddev_pop(n)"),
    ("variance(x)", exp.Variance, "variance(n)"),
    ("var_pop(x)", exp.VariancePop, "var_pop(n)"),
    ("corr(x, y)", exp.Corr, "corr(n, y)"),
    ("any_value(x)", exp.AnyValue, "any_value(id // 10)"),
    ("arg_min(x, y)", exp.ArgMin, "arg_min(w, n)"),
    ("arg_max(x, y)", exp.ArgMax, "arg_max(w, n)"),
    ("first(x order by y)", exp.First, "first(w order by id)"),
    ("last(x order by y)", exp.Last, "last(w order by id)"),
    ("string_agg(s order by x)", exp.GroupConcat, "string_agg(w, ',' order by n)"),
)
_WINDOWS: tuple[tuple[str, Kind, str], ...] = (
    ("row_number()", exp.RowNumber, "row_number() over (partition by c order by n)"),
    ("rank()", exp.Rank, "rank() over (partition by c order by n)"),
    ("dense_rank()", exp.DenseRank, "dense_rank() over (partition by c order by n)"),
    ("lag(x)", exp.Lag, "lag(n) over (partition by c order by n)"),
    ("lead(x)", exp.Lead, "lead(n) over (partition by c order by n)"),
    (
        "last_value(x ignore nulls)",
        exp.IgnoreNulls,
        "last_value(k ignore nulls) over (partition by c order by n rows unbounded preceding)",
    ),
    ("first_value(x)", exp.FirstValue, "first_value(n) over (partition by c order by n)"),
    ("last_value(x)", exp.LastValue, "last_value(n) over (partition by c order by n)"),
    ("sum(x) over (…)", Window, "sum(n) over (partition by c)"),
    ("median(x) over (…)", Window, "median(n) over (partition by c)"),
    ("running sum", Window, "sum(n) over (partition by c order by n)"),
    ("running max", Window, "max(n) over (partition by c order by n)"),
    (
        "moving avg (rows before)",
        Window,
        "avg(n) over (order by n rows between 2 preceding and current row)",
    ),
    (
        "moving avg (rows around)",
        Window,
        "avg(n) over (order by n rows between 1 preceding and 1 following)",
    ),
    (
        "moving avg (values before)",
        Window,
        "avg(n) over (order by n range between 2 preceding and current row)",
    ),
    (
        "moving avg (time before)",
        Window,
        "avg(n) over (order by u range between interval 9 hour preceding and current row)",
    ),
    (
        "moving avg (time around)",
        Window,
        "avg(n) over (order by u "
        "range between interval 9 day preceding and interval 1 hour following)",
    ),
)
_QUERIES: tuple[tuple[str, Kind, str], ...] = (
    ("select x from t", Scan, "select id from people"),
    ("select f(x) from t", Project, "select id, n + 1 as m from people"),
    ("where", Filter, "select id from people where n > 1"),
    ("group by", Aggregate, "select k, count(*) as c from people group by k"),
    ("having", Aggregate, "select k, count(*) as c from people group by k having count(*) > 1"),
    (
        "rollup",
        Aggregate,
        "select c, b, count(*) as m from people group by rollup (c, b)",
    ),
    ("distinct", Distinct, "select distinct k from people"),
    ("order by", Sort, "select id from people order by n"),
    ("limit", Limit, "select id from people order by n limit 3"),
    ("offset without limit", Limit, "select id from people order by n offset 3"),
    ("join", Join, "select p.id, name from people as p join teams as t on p.id = t.id"),
    ("left join", Join, "select p.id, name from people as p left join teams as t on p.id = t.id"),
    ("right join", Join, "select p.k, name from people as p right join teams as t on p.k = t.id"),
    ("full join", Join, "select p.k, name from people as p full join teams as t on p.k = t.id"),
    ("cross join", Join, "select p.id, name from people as p cross join teams as t"),
    ("join on a < b", Join, "select p.id, name from people as p join teams as t on p.id < t.id"),
    (
        "left join on … and c < d",
        Join,
        "select p.id, name from people as p left join teams as t on p.id = t.id and p.n < founded",
    ),
    (
        "asof join",
        AsOfJoin,
        "select id, val from people asof join pairs on k = bk and id >= val",
    ),
    ("in (select …)", Join, "select id from people where k in (select id from teams)"),
    ("not in (select …)", Join, "select id from people where k not in (select bk from pairs)"),
    (
        "exists (select …)",
        Join,
        "select id from people where exists (select 1 from pairs where bk = k)",
    ),
    (
        "exists as a value",
        Join,
        "select id, exists (select 1 from pairs where bk = k) as v from people",
    ),
    ("a scalar subquery", Join, "select id from people where n > (select avg(id) from teams)"),
    (
        "a correlated subquery",
        Join,
        "select id, (select max(val) from pairs where bk = k) as v from people",
    ),
    (
        "lateral (select …)",
        exp.Lateral,
        "select id, q.val from people p, lateral (select val from pairs where bk = p.k) q",
    ),
    ("union all", Union, "select id from people union all select id from teams"),
    ("union", Union, "select id from people union select id from teams"),
    ("intersect", Join, "select id from people intersect select id from teams"),
    ("except", Join, "select id from people except select id from teams"),
    ("intersect all", exp.Intersect, "select k from people intersect all select bk from pairs"),
    ("except all", exp.Except, "select k from people except all select bk from pairs"),
    ("values (…)", Values, "select v.a, v.b from (values (1, 'x'), (2, null)) v(a, b)"),
    ("select without from", Values, "select 1 as a, 'x' as b"),
    (
        "pivot",
        Aggregate,
        "select * from teams pivot (sum(founded) for name in ('ants', 'bees'))",
    ),
    ("unpivot", Union, "select id, what, v from people unpivot (v for what in (n, i))"),
    ("n > all (…)", Join, "select id from people where n > all (select founded from teams)"),
    ("with", Scan, "with q as (select id from people) select id from q where id > 2"),
    (
        "qualify",
        TopPerGroup,
        "select id from people qualify row_number() over (partition by c order by n) <= 2",
    ),
    (
        "filter (where …)",
        Aggregate,
        "select c, sum(n) filter (where n > 0) as v from people group by c",
    ),
)


def _read_by(kind: Kind) -> str:
    """Returns the name of the table that the example query of a kind reads."""
    return "texts" if kind is exp.StrToTime else "people"


def _made() -> tuple[Construct, ...]:
    values = [
        Construct(group, text, kind, f"select {e} as v from {_read_by(kind)}")
        for group, rows in _VALUES.items()
        for text, kind, e in rows
    ]
    grouped = [
        Construct("Aggregates of groups", text, kind, f"select c, {e} as v from people group by c")
        for text, kind, e in _AGGREGATES
    ]
    whole = [
        Construct("Aggregates of all rows", text, kind, f"select {e} as v from people")
        for text, kind, e in _AGGREGATES
    ]
    windows = [
        Construct("Windows", text, kind, f"select id, {e} as v from people")
        for text, kind, e in _WINDOWS
    ]
    queries = [Construct("Queries", text, kind, sql) for text, kind, sql in _QUERIES]
    return (*values, *grouped, *whole, *windows, *queries)


CONSTRUCTS = _made()
_WRITTEN: dict[Kind, str] = {
    exp.Func: "a function",
    exp.AggFunc: "an aggregate",
    exp.Order: "string_agg(s order by x) over a window",
    **{each.kind: each.written for each in CONSTRUCTS if issubclass(each.kind, exp.Expr)},
    **{each.kind: each.written for each in reversed(CONSTRUCTS) if issubclass(each.kind, Node)},
    exp.Select: "select",
    Aggregate: "group by",
    Project: "select",
    Scan: "from",
    Window: "over",
}


def written(kind: Kind) -> str:
    """Returns how a kind is written in SQL: ``group by`` for Aggregate; else the class's name."""
    return _WRITTEN.get(kind, kind.__name__)
