"""Random SELECTs with queries inside of queries, and with groups of several sets of keys."""

from __future__ import annotations

from tests.support.random_rows import LEFT, RIGHT
from tests.support.random_sql import Writer

FARTHEST = (
    *("j.k = rk and j.i <= l.i", "j.k = l.k", "j.s = l.s and j.i = m", "j.i > m", "j.k = rk"),
    *("j.k = l.k and j.i is null", "j.i = l.i and j.k <> m", "j.id = l.id and j.d < e"),
)
"""What ties a query over l as j to those over r and l around it."""


class Nested(Writer):
    """Writes SELECTs with subqueries: within subqueries, beside GROUP BY, as values, and in ON."""

    def nested(self) -> str:
        return self.either(self._in_where, self._in_where, self._beside_groups, self._in_on)()

    def _in_where(self) -> str:
        shown = self.either(
            *("s", f"{self._middle_value()} as v", f"({self._middle_test()}) as v"),
            f"case when {self._middle_test()} then i else k end as v",
        )
        return f"select id, k, {shown} from l{self.either('', f' where {self._middle_test()}')}"

    def _middle_test(self) -> str:
        """Returns a condition on a row of l: a subquery over r, which has one over l within."""
        where = f"where {self.either('', 'rk = l.k and ', 'm > l.i and ')}{self._inner_test()}"
        return self.either(
            f"{self._not()}exists (select 1 from r {where})",
            f"l.i {self._not()}in (select m from r {where})",
            f"{self._middle_value()} {self.either('> 0', 'is null', '= l.k')}",
        )

    def _middle_value(self) -> str:
        tie = self.either("", "rk = l.k and ", "rk = l.k and ")
        measure = self.either("count(*)", "max(m)", "sum(m)", "avg(z)", "count(m) + l.i", "min(m)")
        return f"(select {measure} from r where {tie}{self._inner_test()})"

    def _inner_test(self) -> str:
        rows = f"from l as j where {self.either(*FARTHEST)}"
        measure = self.either("max(j.i)", "count(*)", "sum(j.k)")
        return self.either(
            f"{self._not()}exists (select 1 {rows})",
            f"m {self._not()}in (select j.i {rows})",
            f"m {self.either('=', '>=', '<>')} (select {measure} {rows})",
            f"(select {measure} {rows}) is {self._not()}null",
            Writer(self.draw, RIGHT).test(0),
        )

    def _beside_groups(self) -> str:
        """Returns a grouped query with subqueries in HAVING and in its SELECT list."""
        inner = Writer(self.draw, RIGHT).test(0)
        value = f"(select {self.either('max(m)', 'count(*)', 'avg(z)')} from r where {inner})"
        tied = f"(select {self.either('max(m)', 'count(*)')} from r where rk = k and {inner})"
        having = self.either(
            *("", f"count(*) > {value}", f"k {self._not()}in (select rk from r where {inner})"),
            *(f"{self._not()}exists (select 1 from r where {inner})", f"sum(i) <= {tied}"),
            f"{self._not()}exists (select 1 from r where rk = k)",
            f"max(i) {self._not()}in (select m from r)",
        )
        shown = self.either(self.aggregate(), value, f"{value} + count(*)", tied)
        clause = f" having {having}" if having else ""
        return f"select k, {shown} as v from l{self.where()} group by k{clause}"

    def _in_on(self) -> str:
        kind = self.either("join", "left join", "right join", "full join")
        inner = self.either("j.k = rk", "j.i = m", "j.b", "j.s = w")
        test = self.either(
            f"rk {self._not()}in (select j.i from l as j)",
            f"{self._not()}exists (select 1 from l as j where {inner})",
            f"m {self.either('=', '>')} (select max(j.i) from l as j where {inner})",
            "k in (select j.i from l as j where j.b)",
            f"{self._not()}exists (select 1 from l as j where j.i = l.i and j.k < l.id)",
        )
        return f"select id, k, rk, m from l {kind} r on k = rk and {test}"


class Sets(Writer):
    """Writes SELECTs that group by GROUPING SETS, ROLLUP and CUBE."""

    def sets(self) -> str:
        source, keys = self._keyed()
        one, other = keys[0], keys[-1]
        third = self.either(*keys)
        by = self.either(
            *(f"rollup({one}, {other})", f"cube({one}, {other})", f"{other}, rollup({one})"),
            f"grouping sets (({one}, {other}), ({other}), ())",
            f"grouping sets (({one}), ({third}), ({other}))",
            f"grouping sets (rollup({one}, {other}), ({third}))",
        )
        told = self.either("", f", grouping({one}) as p", f", grouping({one}, {other}) as p")
        measures = self.either("", f", {self.listed('a', self.aggregate)}")
        having = self.either("", "", " having count(*) > 1", f" having {one} is not null")
        shown = f"{one} as g0, {other} as g1" if "third" not in by else one
        return f"select {shown}{told}{measures} from {source}{self.where()} group by {by}{having}"

    def _keyed(self) -> tuple[str, tuple[str, ...]]:
        """Returns what stands after FROM, and keys to group by; a join may make two keys equal."""
        kind = self.either("join", "left join", "right join", "full join")
        self.columns = LEFT | RIGHT
        way = self.either("l", "rk", "named")
        if way == "rk":
            return f"l {kind} r on k = rk", self.either(("k", "rk"), ("rk", "b", "k"), ("s", "rk"))
        if way == "named":
            self.columns = {"i": "int64", "id": "int64", "x": "float64", "s": "string", "d": "date",
                            "b": "boolean", "m": "int64"}  # fmt: skip
            rows = f"l {kind} (select rk as k, m from r) as q on l.k = q.k"
            return rows, self.either(("l.k", "q.k"), ("q.k", "s", "l.k"), ("q.k", "b"))
        self.columns = LEFT
        return "l", self.either(("k", "b"), ("s", "d", "k"), ("k + 1", "b"), ("upper(s)", "s"))
