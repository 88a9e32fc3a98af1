"""Hypothesis strategies for SELECTs over small random tables that DuckDB accepts.

Every expression is built from its type, so that a query is always well typed. Divisors are zero in
queries about quotients only, and logarithms are left out: what makes infinities would fail in other
functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from hypothesis import strategies as st

from tests.support.random_rows import DATES, LEFT, RIGHT, VALUES

CONSTANTS = {
    "int64": ["0", "1", "2", "-1"],
    "float64": ["cast(0.5 as double)", "cast(-1.5 as double)"],
    "string": ["''", "'a'", "'B'", "'é'"],
    "date": [f"date '{day}'" for day in DATES],
    "boolean": ["true", "false"],
}
KEYS = (
    *("s = w", "k = rk and i = m", "k + 1 = rk", "x = z", "x = rk", "d = e"),
    *("i between rk and m", "x > z", "k = rk and x <= z", "k = rk or i = m"),
)
TEXTS = ("'a'", "'b'", "' '", "'é'", "'ab'")
NEW = ("''", "'x'", "'$1'", "'<\\0>'")
"""What matches of regular expressions are replaced with."""
KINDS = tuple(VALUES)
T = TypeVar("T")


class Writer:
    """Writes random SELECTs over the tables l and r; ``draw`` makes every choice.

    ``columns`` are those that an expression may use at this place: name -> type.
    """

    def __init__(self, draw: st.DrawFn, columns: Mapping[str, str] = LEFT) -> None:
        self.draw, self.columns = draw, columns

    def either(self, *options: T) -> T:
        return self.draw(st.sampled_from(options))

    # ------------------------------------------------------------------ expressions

    def column(self, kind: str) -> str:
        return self.either(*(name for name, own in self.columns.items() if own == kind))

    def value(self, kind: str, depth: int = 2) -> str:
        """Returns an expression of a type, such as ``int64``; only a column if ``depth`` is 0."""
        way = self.either("simple", "own", "own", "conditional") if depth else "simple"
        if way == "own":
            own: str = getattr(self, f"_{kind}")(depth - 1)
            return own
        if way == "conditional":
            return self._conditional(kind, depth - 1)
        return self.column(kind)

    def operand(self, kind: str, depth: int) -> str:
        """Returns an expression as `value` does or, one time in three, a constant of the type."""
        if self.either(True, False, False):
            return self.either(*CONSTANTS[kind])
        return self.value(kind, depth)

    def _conditional(self, kind: str, depth: int) -> str:
        a, b, test = self.value(kind, depth), self.operand(kind, depth), self.test(depth)
        return self.either(
            f"coalesce({a}, {b})",
            f"nullif({a}, {b})",
            f"case when {test} then {a} else {b} end",
            f"case when {test} then {b} when {self.test(0)} then {a} end",
        )

    def _int64(self, depth: int) -> str:
        a, b = self.value("int64", depth), self.operand("int64", depth)
        part = self.either("year", "month", "dow", "week")
        return self.either(
            f"({a} {self.either('+', '-', '*')} {b})",
            f"({a} {self.either('%', '//')} {self.either('2', '3', '-2')})",
            f"abs({a})",
            f"(- {a})",
            f"length({self.value('string', depth)})",
            f"extract({part} from {self.value('date', depth)})",
            f"cast({self.value('boolean', depth)} as bigint)",
            f"cast({self.value('float64', depth)} as bigint)",
            f"{self._end()}({a}, {b})",
            f"sign({self.either(a, self.value('float64', depth))})",
            f"round({a}, {self.either('-1', '-2', '0')})",
            f"strpos({self.value('string', depth)}, {self.either(*TEXTS)})",
            self._apart(depth),
        )

    def _end(self) -> str:
        return self.either("greatest", "least")

    def _apart(self, depth: int) -> str:
        unit = self.either("year", "quarter", "month", "day", "hour", "minute")
        return f"date_diff('{unit}', {self.value('date', depth)}, {self.value('date', depth)})"

    def _float64(self, depth: int) -> str:
        a, whole = self.value("float64", depth), self.value("int64", depth)
        return self.either(
            f"({a} {self.either('+', '-', '*')} {whole})",
            f"({whole} / {self.either('2', '-4')})",
            f"round({a})",
            f"{self.either('floor', 'ceil', 'abs')}({a})",
            f"cast({whole} as double)",
            f"{self._end()}({a}, {self.operand('float64', depth)})",
            f"round({a}, {self.either('-1', '1')})",
        )

    def _string(self, depth: int) -> str:
        a, b = self.value("string", depth), self.operand("string", depth)
        return self.either(
            f"{self.either('upper', 'lower', 'trim')}({a})",
            f"substring({a}, {self.either('1', '2')}, 2)",
            f"({a} || {b})",
            f"concat({a}, {b})",
            f"replace({a}, 'a', 'é')",
            f"cast({self.value('int64', 0)} as varchar)",
            self._shaped(a),
            self._matched(a),
            f"{self._end()}({a}, {b})",
            f"concat_ws({self.either(*TEXTS)}, {a}, {b}, {self.value('int64', 0)})",
            f"strftime({self.value('date', depth)}, '{self.either('%Y-%m', '%j', '%b %d %y')}')",
        )

    def _shaped(self, text: str) -> str:
        """Returns an expression that cuts, pads, trims, repeats or reverses a text expression."""
        return self.either(
            f"{self.either('left', 'right')}({text}, {self.either('1', '2', '9')})",
            f"{self.either('lpad', 'rpad')}({text}, {self.either('1', '3')}, 'é')",
            f"{self.either('ltrim', 'rtrim', 'trim')}({text}, {self.either(*TEXTS)})",
            f"repeat({text}, {self.either('1', '2')})",
            f"reverse({text})",
        )

    def _matched(self, text: str) -> str:
        """Returns an expression that splits a text expression, or matches it with a pattern."""
        pattern = self.either("'[a-z]+'", "'^.'", "'b?$'", "'(\\w)(.?)'", "'\\s'", "'é|B'")
        return self.either(
            f"split_part({text}, {self.either(*TEXTS)}, {self.either('1', '2')})",
            f"string_split({text}, {self.either(*TEXTS)})[{self.either('1', '2')}]",
            f"regexp_replace({text}, {pattern}, {self.either(*NEW)}{self._all()})",
            f"regexp_extract({text}, {pattern})",
            f"regexp_extract({text}, '(.)(.?)', {self.either('1', '2')})",
        )

    def _all(self) -> str:
        return self.either("", ", 'g'")

    def _date(self, depth: int) -> str:
        day = self.value("date", depth)
        moved = (
            f"{day} {self.either('+', '-')} interval {self.either('1 month', '3 day', '1 year')}"
        )
        return self.either(
            f"cast({moved} as date)",
            f"cast(date_trunc('{self.either('month', 'year', 'week')}', {day}) as date)",
            f"last_day({day})",
            f"{self._end()}({day}, {self.operand('date', depth)})",
            f"make_date(2020, abs({self.value('int64', depth)}) % 12 + 1, 29)",
            f"cast({self.either(*CONSTANTS['date'])} + interval 1 month as date)",
        )

    def _boolean(self, depth: int) -> str:
        return f"({self.test(depth)})"

    def test(self, depth: int = 2) -> str:
        """Returns a condition; with a ``depth``, one that may have others within."""
        if depth and self.either(True, False):
            a, b = self.test(depth - 1), self.test(depth - 1)
            return self.either(
                f"({a} {self.either('and', 'or')} {b})",
                f"not ({a})",
                f"({a}) is {self._not()}{self.either('null', 'true', 'false')}",
            )
        whole, text = self.value("int64", min(depth, 1)), self.value("string", min(depth, 1))
        kind = self.either("int64", "float64", "string", "date")
        return self.either(
            self._compared(kind, min(depth, 1)),
            self._tuples(kind),
            self.column("boolean"),
            f"{self.value(kind, 0)} is {self._not()}null",
            f"{whole} {self._not()}in (0, 1, {self.either('3', '3', 'null')})",
            f"{whole} {self._not()}between -1 and 2",
            f"{text} {self._not()}like '{self.either('a%', '%a', '%b%', '_', 'a', '%')}'",
            f"{self._not()}{self.either('starts_with', 'ends_with', 'contains')}({text}, 'a')",
            f"{self._not()}regexp_matches({text}, '{self.either('^a', 'b$', '[a-b]', 'B|é')}')",
            f"{text} {self._not()}ilike '{self.either('A%', '%B', '_')}'",
            f"{self.value('date', 0)} < {self.either(*CONSTANTS['date'])} + interval 1 month",
        )

    def _compared(self, kind: str, depth: int) -> str:
        sign = self.either("=", "<>", "<", ">=")
        return f"{self.value(kind, depth)} {sign} {self.operand(kind, 0)}"

    def _tuples(self, kind: str) -> str:
        """Returns a comparison of two tuples, of an integer and a value of the type."""
        left, right = (
            f"({self.column('int64')}, {value})"
            for value in (self.value(kind, 0), self.operand(kind, 0))
        )
        return f"{left} {self.either('=', '<>', '<', '>=')} {right}"

    def _not(self) -> str:
        return self.either("", "not ")

    # ------------------------------------------------------------------ clauses

    def source(self) -> str:
        """Returns what stands after FROM, and makes its columns those that expressions may use."""
        joined = ("join", "join", "keys", "cross", "three", "nearest", "grouped")
        way = self.either("l", "l", *joined, "subquery")
        if way == "l":
            return "l"
        if way in ("subquery", "grouped"):
            return self._subquery() if way == "subquery" else self._grouped_source()
        self.columns = LEFT | RIGHT
        if way == "three":
            return self._three()
        if way == "nearest":
            return self._nearest()
        if way == "cross":
            return "l cross join r"
        kind = self.either("join", "left join", "full join", "right join")
        if way == "keys":
            return f"l {kind} r on {self.either(*KEYS)}"
        residual = self.either("", "", f" and {self.test(0)}")
        return f"l {kind} r on k = rk{residual}"

    def _subquery(self) -> str:
        k, x, s = (self.value(kind) for kind in ("int64", "float64", "string"))
        text = f"(select id, {k} as k, {x} as x, {s} as s, d, b from l{self.where()}) as q"
        self.columns = {name: kind for name, kind in LEFT.items() if name != "i"}
        return text

    def _grouped_source(self) -> str:
        """Returns a join of l to a subquery that groups l: each row gets its group's values."""
        key, kind = self.either(("k", "int64"), ("s", "string"), ("d", "date"))
        test = self.where()
        self.columns = LEFT | {"u": kind, "n": "int64", "t": "int64", "v": "float64"}
        values = "count(*) as n, cast(sum(i) as bigint) as t, max(x) as v"
        groups = f"(select {key} as u, {values} from l{test} group by 1)"
        return f"l {self.either('join', 'left join')} {groups} as g on {key} = u"

    def _three(self) -> str:
        """Returns two joins in a row; the second is on columns of either table of the first."""
        third = "(select k as k3, i as i3 from l) as t"
        on = self.either("k = k3", "rk = k3", "m = i3 and k = k3")
        kinds = [self.either("join", "left join", "right join", "full join") for _ in range(2)]
        self.columns = {**LEFT, **RIGHT, "k3": "int64", "i3": "int64"}
        return f"l {kinds[0]} r on k = rk {kinds[1]} {third} on {on}"

    def _nearest(self) -> str:
        """Returns an ASOF JOIN to rows of which no two have the same keys, so that none tie."""
        left, right = self.either(("i", "m"), ("i", "m"), ("x", "z"))
        keys = self.either((right,), ("rk", right))
        others = ", ".join(f"max({name}) as {name}" for name in RIGHT if name not in keys)
        rows = f"(select {', '.join(keys)}, {others} from r group by {', '.join(keys)}) as r"
        equal = "k = rk and " if "rk" in keys else ""
        compared = f"{left} {self.either('>=', '>', '<=', '<')} {right}"
        return f"l asof {self.either('join', 'left join')} {rows} on {equal}{compared}"

    def where(self) -> str:
        return self.either("", f" where {self.test()}")

    def listed(self, name: str, write: Callable[[], str]) -> str:
        """Returns one to three expressions by ``write``: ``… as v0, … as v1`` for the name v."""
        count = self.either(1, 2, 3)
        return ", ".join(f"{write()} as {name}{n}" for n in range(count))

    def order(self, *names: str) -> str:
        """Returns an ORDER BY clause of these names, perhaps with a LIMIT; "" for no order."""
        ways = [self.either("", " desc", " nulls first", " desc nulls first") for _ in names]
        keys = ", ".join(name + way for name, way in zip(names, ways, strict=True))
        limit = self.either("", "", " limit 3", " limit 2 offset 1")
        return self.either("", f" order by {keys}{limit}")

    def any_value(self) -> str:
        return self.value(self.either(*KINDS))

    def item(self) -> str:
        return self.operand(self.either(*KINDS), 2)

    # ------------------------------------------------------------------ queries

    def plain(self) -> str:
        source, distinct = self.source(), self.either("", "", "distinct ")
        items = self.listed("v", self.item)
        hidden = "" if distinct else self.either("", "", f", {self.any_value()}")
        order = self.order(f"v0{hidden}") if hidden else self.order("v0")
        return f"select {distinct}{items} from {source}{self.where()}{order}"

    def grouped(self) -> str:
        source = self.source()
        keys = self.listed("g", lambda: self.operand(self.either(*KINDS), 1))
        items = self.listed("a", self.aggregate)
        having = self.either(
            "", "", " having count(*) > 1", f" having {self.aggregate()} is not null"
        )
        order = self.order("a0", "g0")
        return f"select {keys}, {items} from {source}{self.where()} group by all{having}{order}"

    def total(self) -> str:
        source = self.source()
        return f"select {self.listed('a', self.aggregate)} from {source}{self.where()}"

    def aggregate(self) -> str:
        number = self.column(self.either("int64", "float64"))
        kind = self.either("int64", "float64", "string", "date")
        computed = f"({self.value('int64', 1)} + {self.column('int64')})"
        return self.either(
            "count(*)",
            f"count({self.any_value()})",
            f"count(distinct {self.value(kind, 1)})",
            f"{self.either('sum', 'avg', 'median', 'stddev_pop')}({number})",
            f"{self.either('sum', 'avg')}({computed})",
            f"{self.either('min', 'max')}({self.column(kind)})",
            f"{self.either('var_pop', 'stddev', 'variance')}({number})",
            f"quantile_cont({number}, {self.either('0.25', '0.9')})",
            f"quantile_disc({number}, {self.either('0.25', '0.5', '0.9')})",
            f"{self.either('bool_and', 'bool_or')}({self.test(0)})",
            f"count_if({self.test(0)})",
            f"sum({number}) filter (where {self.test(0)})",
            f"{self.either('sum', 'avg', 'min')}(distinct {number})",
            f"count(*) filter (where {self.test(1)})",
        )

    def windowed(self) -> str:
        return self.either(self._windows, self._numbered, self._numbered, self._top)()

    def _partition(self) -> str:
        return self.either("", "partition by k ", "partition by s ", "partition by k, b ")

    def _windows(self) -> str:
        """Returns a query with window functions that have the same value for rows that tie."""

        def window() -> str:
            by, rank = self._partition(), self.either("rank", "dense_rank", "percent_rank")
            order = self.either("", f"order by {self._key()}", f"order by {self._key()}, b")
            return self.either(
                f"{rank}() over ({by}order by {self._key()}, {self._key()})",
                f"{self.either(rank, 'cume_dist')}() over ({by}order by {self._key()})",
                f"{self._summary()} over ({by}{order})",
                f"{self._number()} over ({by}{self._range()})",
            )

        return f"select id, {self.listed('v', window)} from l{self.where()}"

    def _key(self) -> str:
        return self.either("i", "x desc", "s", "i desc nulls first", "d nulls first", "k + 1")

    def _summary(self) -> str:
        return self.either(
            self._number(),
            f"{self.either('min', 'max')}({self.either('s', 'd')})",
            f"count({self.either('*', 'i', 's', 'd')})",
        )

    def _number(self) -> str:
        """Returns an aggregate of numbers."""
        number = self.either("i", "x", "k", "i + 1", "case when b then i end")
        return f"{self.either('sum', 'avg', 'min', 'max', 'count')}({number})"

    def _numbered(self) -> str:
        """Returns a query with window functions over rows that are numbered first.

        They order by that number in the end, so that no two rows tie.
        """
        columns = self.listed("v", self._over_numbers)
        return (
            f"select i, x, s, k, {columns} from "
            "(select row_number() over (order by i, x, s, d, b, k, id) as u, k, i, x, s, b, d "
            "from l) as n"
        )

    def _over_numbers(self) -> str:
        order = self.either("i, u", "x desc, u", "s nulls first, u desc", "u", "u desc")
        value = self.either("i", "x", "s", "d", "k + 1")
        shift = self.either("", "", ", 2", ", 1")
        ends = self.either("first_value", "last_value"), self.either("1", "2", "3")
        default = self.either("", ", 7") if shift and value in ("i", "k + 1") else ""
        function, frame = self.either(
            (f"{self.either('lag', 'lead')}({value}{shift}{default})", ""),
            (f"{self.either('lag', 'lead')}({value} ignore nulls)", ""),
            (f"{ends[0]}({value})", self.either("", self._frame())),
            (f"{ends[0]}({value} ignore nulls)", self.either("", self._open_frame())),
            (f"nth_value({value}, {ends[1]})", self.either("", "rows unbounded preceding")),
            (f"ntile({ends[1]})", ""),
            (self._summary(), self._frame()),
            (self._summary(), self._frame()),
        )
        return f"{function} over ({self._partition()}order by {order} {frame})"

    def _frame(self) -> str:
        """Returns a ROWS frame with two random ends, the earlier one first."""
        ends = ("unbounded preceding", "2 preceding", "1 preceding", "current row", "1 following",
                "3 following", "unbounded following")  # fmt: skip
        first = self.either(*range(len(ends) - 1))
        last = self.either(*range(max(first, 1), len(ends)))
        return f"rows between {ends[first]} and {ends[last]}"

    def _open_frame(self) -> str:
        """Returns a ROWS frame from the partition's start, or to its end."""
        here = self.either("2 preceding", "1 preceding", "current row", "1 following")
        return self.either(
            f"rows between unbounded preceding and {here}",
            f"rows between {here} and unbounded following",
        )

    def _range(self) -> str:
        """Returns ORDER BY and a RANGE frame with two random ends, the earlier one first."""
        key, unit = self.either(("i", "{}"), ("k + 1", "{}"), ("x", "{}"), ("x", "{}.5"),
                                ("d", "interval {} day"), ("d", "interval {} week"))  # fmt: skip
        ends = ("unbounded preceding", f"{unit.format(3)} preceding", f"{unit.format(1)} preceding",
                "current row", f"{unit.format(1)} following", f"{unit.format(4)} following",
                "unbounded following")  # fmt: skip
        first = self.either(*range(len(ends) - 1))
        last = self.either(*range(max(first, 1), len(ends)))
        way = self.either("", " desc", " nulls first")
        return f"order by {key}{way} range between {ends[first]} and {ends[last]}"

    def _top(self) -> str:
        order = self.either("i, x, s, d, b, k, id", "i desc, x, s, d desc nulls first, b, k, id")
        return (
            "select i, x, s, k from (select *, row_number() over "
            f"({self._partition()}order by {order}) as p from l) as t "
            f"where p <= {self.either('1', '2')}"
        )

    def filtered(self) -> str:
        """Returns a query with IN, EXISTS and scalar subqueries, in WHERE and as values."""
        condition, more = (
            self._subquery_test(),
            self.either("", f" and {self.test(1)}", " or k = 1"),
        )
        shown = self.either(
            "s",
            f"{self._scalar()} as v",
            f"{self._scalar()} + i as v",
            f"({self._subquery_test()}) as v",
            f"case when {self._subquery_test()} then i else k end as v",
        )
        return f"select id, k, i, {shown} from l where {condition}{more}"

    def _tie(self) -> str:
        """Returns a condition for the rows of a subquery over r; most compare r to a row of l."""
        inner = Writer(self.draw, RIGHT).test(0)
        return self.either(
            "rk = k",
            f"rk = k and {inner}",
            inner,
            "rk = k and m <> i",
            f"rk = k and m {self.either('>', '=')} i",
            f"w = s and {inner}",
            f"z {self.either('<', '>=')} x",
            "m between k and i",
        )

    def _subquery_test(self) -> str:
        value = self.either("k", "i", "(k + 1)", "x")
        return self.either(
            f"{value} {self._not()}in (select rk from r where {self._tie()})",
            f"{value} {self._not()}in (select m from r)",
            f"{value} {self._not()}in ({self._tied_rows()})",
            f"{self._not()}exists ({self._tied_rows()})",
            f"{self._not()}exists (select 1 from r where {self._tie()})",
            f"i {self.either('>', '=')} {self._scalar()}",
            f"coalesce({self._scalar()}, 0) < i",
            f"{self._scalar()} is {self._not()}null",
        )

    def _tied_rows(self) -> str:
        """Returns groups, a total, different or first rows of r that may belong to a row of l."""
        tie, order = self._tie(), self.either("m", "m desc", "m nulls first")
        return self.either(
            f"select m from r where {tie} group by m having count(*) > {self.either('0', '1')}",
            f"select {self.either('count(*)', 'max(m)', 'sum(rk)')} from r where {tie}",
            f"select count(*) from r where {tie} having {self.either('count(*)', 'max(m)')} > 1",
            f"select max(rk) from r where {tie} group by m",
            f"select distinct m from r where {tie}",
            f"select rank() over (order by m) from r where {tie}",
            f"select m from r where {tie} order by {order} limit {self.either('1', '2')}",
        )

    def _scalar(self) -> str:
        measure = self.either(
            "avg(m)", "sum(m)", "max(m)", "count(*)", "count(m) + 1", "sum(m * 2)"
        )
        tie = self._tie()
        return self.either(
            f"(select {measure} from r where {tie})",
            f"(select {measure} from r where {tie})",
            f"(select coalesce({measure}, 0) from r where {tie})",
            "(select m from r order by m, rk limit 1)",
            f"(select m from r where {tie} order by m{self.either('', ' desc')} limit 1)",
            f"(select {measure} from r where {tie} having {self.either('count(*)', 'min(m)')} > 1)",
            f"(select {measure} from r where {tie} and rk = k group by rk)",
        )

    def divided(self) -> str:
        """Returns a query with quotients, some infinite or NaN, in conditions, order and groups."""
        above, below = (self.either("i", "k", "length(s)", "id", "(i - 1)") for _ in range(2))
        rows = f"(select k, s, i, {above} / {below} as q from l{self.where()}) as p"
        sign, number = self.either("<", "<=", ">", ">=", "=", "<>"), self.either("0", "1", "i")
        test = self.either(f"q {sign} {number}", f"{number} {sign} q", f"q is {self._not()}null")
        return self.either(
            f"select q, k from {rows} where {test}",
            f"select q, {test} as t, case when {test} then 1 else 2 end as c from {rows}",
            f"select k, q from {rows} order by q{self.either('', ' desc')}, k, i, s",
            f"select k, max(q) as a, min(q) as b, count(q) as c from {rows} group by k",
            f"select sum(q) as a, count(distinct q) as b from {rows} where {test}",
            f"select q, count(*) as c from {rows} group by q",
            f"select {self._end()}(q, 1) as a, coalesce(q, 2) as b from {rows}",
        )

    def united(self) -> str:
        kinds = [self.either(*KINDS) for _ in range(self.either(1, 2))]
        sides = [
            ", ".join(f"{write.operand(kind, 1)} as u{n}" for n, kind in enumerate(kinds))
            for write in (self, Writer(self.draw, RIGHT))
        ]
        way = self.either("union", "union", "except", "intersect")
        sign = way + self.either("", " all")
        return f"select {sides[0]} from l {sign} select {sides[1]} from r{self.order('u0')}"
