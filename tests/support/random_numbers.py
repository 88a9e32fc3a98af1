"""Random SELECTs with decimals, constants, and casts."""

from __future__ import annotations

from tests.support.random_sql import Writer

POINTS = ("0.5", "0.1", "0.10", "1.5", "2.0", "0.25", "10.75", "-0.3")
"""Literals that DuckDB takes for decimals."""

ALONE = (
    *("1 + 1", "null", "'a' || 'b'", "0.1 + 0.2", "2 ** 3", "7 // 2", "1 / 4", "true", "1e3"),
    *("date '2020-01-31' + interval 1 month", "upper('é')", "nullif(1, 1)", "- (- 2)"),
    *("cast('7' as bigint)", "cast(null as varchar)", "length('ab') * 2", "1 = 1.0"),
    *("case when 1 < 2 then 'x' end", "greatest(1, 2.5)", "round(2.5)", "cast(2.5 as int)"),
)
"""Values without a column."""
BESIDE = (
    *("k + null", "null || s", "coalesce(null, i)", "coalesce(i, null)", "null = i", "- null"),
    *("case when true then k else i end", "case when b then null else i end", "x * null"),
    *("greatest(k, null)", "nullif(k, null)", "i + (1 + 1)", "i * 2 * 3", "i - - 1"),
    *("case when b then i else null end", "case when null then i end", "abs(- 3) + i"),
    *("k in (i, null)", "null in (i, k)", "null is null", "coalesce(s, 1 || 'a')"),
    *("case i when null then 1 when 2 then 2 end", "case when i = 1 then 'x' else null end"),
)
"""Values with constants beside columns."""
TESTS = (
    *("1 = 1", "null", "not null", "1 > 2 or b", "b and null", "b or null", "i = null", "true"),
    *("d between '2020-01-01' and '2020-02-29'", "k in ('1', '2')", "d in ('2020-01-31')"),
    *("i between 2 - 2 and 1 + 1", "b is true", "i is distinct from null", "b is not false"),
)


class Decimals(Writer):
    """Writes SELECTs that combine integers with decimal literals: ``i + 0.5``."""

    def decimals(self) -> str:
        return self.either(self._shown, self._shown, self._kept, self._keyed, self._inside)()

    def decimal(self, depth: int = 1) -> str:
        """Returns an expression of DuckDB's type DECIMAL; one that is simple if ``depth`` is 0."""
        whole, point = self.either("i", "k", "id", "(i + k)", "3"), self.either(*POINTS)
        if whole == "3" and not depth:
            return point
        plain = f"({whole} {self.either('+', '-', '*')} {point})"
        if not depth:
            return plain
        other = self.decimal(0)
        return self.either(
            *(plain, f"({plain} + {other})", f"({plain} - {other})", f"({plain} * {point})"),
            *(f"abs({plain})", f"(- {plain})", f"coalesce({plain}, {other})"),
            *(f"case when {self.test(0)} then {plain} else {other} end", f"({other} + {whole})"),
            f"{self._end()}({plain}, {point})",
            f"nullif({plain}, {point})",
        )

    def _rounded(self) -> str:
        value = self.decimal()
        return self.either(
            *(f"round({value})", f"round({value}, 1)", f"floor({value})", f"ceil({value})"),
            *(f"cast({value} as bigint)", f"cast({value} as int)", f"trunc({value})"),
            f"try_cast({value} as {self.either('tinyint', 'bigint')})",
        )

    def _asked(self) -> str:
        value, other = self.decimal(), self.either(self.decimal(0), *POINTS, "x", "k", "1")
        sign = self.either("=", "<>", "<", ">=")
        return self.either(
            *(f"{value} {sign} {other}", f"{other} {sign} {value}"),
            f"{value} {self._not()}between {self.either(*POINTS)} and {other}",
            f"{value} {self._not()}in ({', '.join(POINTS[:4])})",
            f"{self._rounded()} {sign} {self.either('1', 'k', '0.5')}",
            f"i {sign} {self.either(*POINTS)}",
            f"i {self._not()}in (0.5, 2.0, 3)",
            f"x {sign} {self.either(*POINTS)}",
        )

    def _shown(self) -> str:
        def write() -> str:
            value = self.decimal()
            return self.either(
                *(value, self._rounded(), f"({self._asked()})", f"({value} / 4)"),
                *(f"({value} * x)", f"cast({value} as double)", f"({value} % 0.3)"),
                f"(x {self.either('+', '-', '*', '/')} {self.either('0.5', '0.25', '2.0')})",
            )

        order = self.order(self.either("v0", self.decimal()))
        return f"select {self.listed('v', write)} from l{order}"

    def _kept(self) -> str:
        return f"select id, i, k from l where {self._asked()}"

    def _keyed(self) -> str:
        key = self.either(self.decimal(), self._rounded(), f"({self._asked()})")
        summary = self.either("sum", "avg", "min", "max", "count")
        test = f"{summary}({self.decimal()}) {self.either('>', '<=')} {self.either(*POINTS)}"
        having = self.either("", "", f" having {test}")
        shown = f"{key} as g, {summary}({self.decimal()}) as a"
        return f"select {shown}, count(*) as n from l{self.where()} group by {key}{having}"

    def _inside(self) -> str:
        """Returns a query that uses a decimal of a subquery, or of a side of a UNION."""
        sign, factor = self.either("=", "<", ">="), self.either("1", "0.1")
        rows = f"(select id, k, {self.decimal()} as p from l{self.where()}) as q"
        return self.either(
            f"select id, p from {rows} where p {sign} {self.either(*POINTS, 'k', 'k + 0.5')}",
            f"select p, count(*) as n from {rows} group by p",
            f"select id, round(p, 1) as v, floor(p) as f from {rows} order by p, id",
            f"select id, p from {rows} where p {self._not()}in (select m + 0.5 from r)",
            f"select q.id, m from {rows} join r on p {sign} m + {self.either(*POINTS)}",
            f"select id, (select max(m * 0.5) from r where rk = q.k) as v, p from {rows}",
            f"select id, p from {rows} where p {sign} (select avg(m * {factor}) from r)",
            f"select {self.decimal()} as u from l union select m * {factor} from r",
        )


class Constants(Writer):
    """Writes SELECTs with constant expressions, NULLs, and texts compared to dates or numbers."""

    def constants(self) -> str:
        items = self.listed("v", self._constant_item)
        limit = self.either("", "", " limit 1 + 1", " limit 2 * 2 - 1 offset 1", " limit all")
        test = self.either("", f" where {self._constant_test()}", f" where {self._constant_test()}")
        return self.either(
            f"select id, {items} from l{test} order by id, i, x, s, d, b, k{limit}",
            f"select {items} from l{test}",
            f"select {self.either(*ALONE)} as v, {self.aggregate()} as a from l{test}",
            f"select {self.either(*ALONE)} as v, k, count(*) as n from l{test} group by all",
            f"select null as v, k from l union {self.either('', 'all ')}select rk, null from r",
        )

    def _constant_item(self) -> str:
        return self.either(self.either(*ALONE), self.either(*BESIDE), f"({self._constant_test()})")

    def _constant_test(self) -> str:
        sign, text = self.either("=", "<", ">=", "<>"), self.either("'1'", "'1.5'", "1 + 1")
        return self.either(
            *(f"d {sign} '2020-01-31'", f"k {sign} '1'", f"x {sign} {text}", f"- i {sign} - 1"),
            *(f"'2020-02-29' {sign} d", f"coalesce(d, '2020-01-01') {sign} '2020-01-31'"),
            *(f"i {sign} 1 + 1", f"i {sign} cast('1' as bigint)", self.either(*TESTS)),
        )


class Casts(Writer):
    """Writes SELECTs with TRY_CAST of what may not be converted, and casts to narrow types."""

    def casts(self) -> str:
        order = self.order(self.either("v0", "v0, k"))
        return self.either(
            f"select {self.listed('v', self._cast)} from l{self.where()}{order}",
            f"select id, k from l where {self._cast()} is {self._not()}null",
            f"select id, s from l where {self._number()} {self.either('=', '<')} {self._number()}",
            f"select {self._number()} as g, count(*) as n, sum({self._number()}) as a "
            "from l group by 1",
        )

    def _number(self) -> str:
        """Returns an expression that casts to a whole number, and that cannot raise an error."""
        kind = self.either("tinyint", "smallint", "int", "bigint", "integer")
        source = self.either("s", "x", "i", "x * 100", "i * 200", "k", "b", "x / 2", "left(s, 1)")
        texts = self.either("s", "cast(k as varchar)", "substring(s, 1, 1)")
        return self.either(
            *(f"try_cast({source} as {kind})", f"try_cast({source} as {kind}) + 1"),
            *(f"coalesce(try_cast({texts} as {kind}), i)", f"cast(b as {kind})"),
            f"case when {self.test(0)} then try_cast({texts} as {kind}) else i end",
            f"case when {texts} in ('1', '2') then cast({texts} as {kind}) else 0 end",
            f"case when x between -9 and 9 then cast(x as {kind}) end",
            f"cast(cast({self.either('i', 'k')} as varchar) as bigint)",
            f"coalesce(k, cast(x as bigint), {self.either('0', 'null')})",
        )

    def _cast(self) -> str:
        return self.either(
            *(self._number(), self._number(), "cast(i as varchar)", "cast(d as varchar)"),
            *("cast(b as varchar)", "try_cast(s as double)", "try_cast(s as date)"),
            *("cast(cast(d as varchar) as date)", "cast(i as double)", "cast(d as timestamp)"),
            *("coalesce(cast(k as varchar), s)", "case when b then s else cast(i as varchar) end"),
            *("cast(i as boolean)", "cast(x as boolean)", "try_cast(s as boolean)"),
            *("cast(i as smallint) + 1", "cast(x as float)", "cast(x as int) % 2"),
        )
