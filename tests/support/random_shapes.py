"""Random SELECTs with rows of constants, PIVOT, UNPIVOT, LATERAL, and ANY and ALL."""

from __future__ import annotations

from tests.support.random_rows import RIGHT
from tests.support.random_sql import Writer

ROWS = (
    *("(0, 'a'), (1, 'B'), (1, null)", "(null, 'é'), (2, 'a')", "(-1, ''), (0, 'b'), (null, null)"),
    "(1, 'a')",
)
AGGREGATES = ("sum(i)", "count(*)", "max(x)", "min(d)", "count(i)", "avg(i)", "count(distinct i)")


class Shapes(Writer):
    """Writes SELECTs whose rows or columns are those of no table."""

    def shaped(self) -> str:
        return self.either(
            *(self._constants, self._pivoted, self._unpivoted, self._every, self._every),
            *(self._escaped, self._lateral, self._lateral),
        )()

    def _constants(self) -> str:
        values = f"(values {self.either(*ROWS)}) as v(a, w)"
        tie = self.either("v.a = l.k", "v.w = l.s", "v.a = l.k and v.w <> l.s", "v.a < l.i")
        joined = self.either(
            f"l {self.either('join', 'left join', 'right join')} {values} on {tie}",
            f"l, {values}",
            f"{values} left join l on {tie}",
        )
        test = self.either("", f" where {self.test(1)}", " where v.w is not null")
        return self.either(
            f"select id, k, v.w, v.a + i as s from {joined}{test}",
            f"select v.w, count(*) as n, sum(v.a) as s, max(i) as m from {joined}{test} group by 1",
            f"select id from l where k {self._not()}in (select a from {values})",
            f"select a, w from {values} union all select k, s from l{self.where()}",
            f"select a, w from {values} except select k, s from l",
        )

    def _pivoted(self) -> str:
        keys = self.either("k, ", "b, ", "", "k, b, ")
        field = self.either("s in ('a', 'B', '')", "k in (0, 1)", "b in (true, false)")
        one, several = field[0], self.either(True, False)
        columns = dict.fromkeys([*keys.replace(" ", "").split(",")[:-1], one, "i", "x", "d"])
        measures = [self.either(*AGGREGATES) for _ in range(1 + several)]
        named = ", ".join(f"{text} as c{place}" for place, text in enumerate(measures))
        group = self.either("", "", f" group by {self.either('id', 'i', 'd')}")
        rows = f"(select {', '.join([*columns, 'id'] if group else columns)} from l{self.where()})"
        return f"select * from {rows} pivot ({named} for {field}{group})"

    def _unpivoted(self) -> str:
        kept, turned = self.either(("id, s", "k, i"), ("k", "i, id"), ("id", "x, i"), ("b", "s"))
        null = self.either("", "include nulls ")
        rows = f"(select {kept}, {turned} from l{self.where()})"
        text = f"from {rows} unpivot {null}(value for what in ({turned}))"
        return self.either(
            f"select {kept}, what, value {text}",
            f"select what, count(*) as n, max(value) as m {text} group by what",
        )

    def _every(self) -> str:
        """Returns a query that compares a column with all, or any, of a subquery's values."""
        inner = Writer(self.draw, RIGHT).test(0)
        tie = self.either("", "", "rk = l.k and ")
        value, theirs = self.either(("i", "m"), ("k", "rk"), ("x", "z"), ("d", "e"), ("i", "z"))
        sign, which = self.either("<", "<=", ">", ">=", "=", "<>"), self.either("any", "all")
        which = {"=": "any", "<>": "all"}.get(sign, which)
        test = f"{value} {sign} {which} (select {theirs} from r where {tie}{inner})"
        return self.either(
            f"select id, k from l where {test}",
            f"select id from l where {self._not()}({test}) or b",
            f"select id, {test} as v from l",
        )

    def _lateral(self) -> str:
        """Returns a join of l with rows of r for each of its rows: groups, totals or first rows."""
        inner = Writer(self.draw, RIGHT).test(0)
        tie = self.either("rk = l.k", "w = l.s", "rk = l.k and m = l.i", "rk = l.k and m > 0")
        where = f"{tie} and {inner}"
        rows = self.either(
            f"select m as v from r where {where}",
            f"select distinct m as v from r where {where}",
            f"select m as v from r where {where} order by m{self.either('', ' desc')} limit 1",
            f"select m as v from r where {where} order by m nulls first limit 2",
            f"select m as v, count(*) as n from r where {where} group by m",
            f"select {self.either('max(m)', 'count(m)', 'sum(rk)')} as v from r where {where}",
        )
        joined = self.either(", lateral ({}) q", " left join lateral ({}) q on true").format(rows)
        test = self.either("", f" where {self.test(0)}", " where q.v > 0", " where q.v is null")
        return self.either(
            f"select id, q.v from l{joined}{test}",
            f"select l.k, count(*) as c, sum(q.v) as s from l{joined}{test} group by 1",
        )

    def _escaped(self) -> str:
        pattern = self.either("a!%", "%!_", "!%%", "!_a%", "%!%%", "a!!", "a_!%", "!a%", "%b!_%")
        like = f"{self.either('s', 'concat(s, k)')} {self._not()}{self.either('like', 'ilike')}"
        return f"select id, {like} '{pattern}' escape '!' as v from l"
