"""Random SELECTs whose names are written, repeated, shadowed and joined by in many ways."""

from __future__ import annotations

import re

from tests.support.random_sql import Writer

NAMELESS = re.compile(" as [va][0-9]\\b")


class Names(Writer):
    """Writes SELECTs with names in other cases, without names, and with equal names."""

    def named(self) -> str:
        return self.either(self._cased, self._nameless, self._twice, self._shadowing)()

    def _cased(self) -> str:
        """Returns a query with its words in upper, lower and title case; its text literals stay."""
        sql = self.either(self.plain, self.grouped, self.filtered, self._shadowing)()
        ways = [self.either(str.upper, str.lower, str.title) for _ in range(3)]
        parts = re.split(r"('[^']*')", sql)
        return "".join(
            part if part.startswith("'") else ways[n % 3](part) for n, part in enumerate(parts)
        )

    def _nameless(self) -> str:
        items = self.either(self.listed("v", self.any_value), self.listed("a", self.aggregate))
        return f"select {NAMELESS.sub('', items)} from l{self.where()}"

    def _twice(self) -> str:
        return self.either(
            f"select k, k, i from l{self.where()}",
            f"select *, {self.any_value()} as k from l",
            f"select l.*, {self.any_value()} from l",
            f"select k as a, {self.any_value()} as a, s as A from l",
            "select k, sum(i), sum(i), count(*) as k from l group by k",
            f"select *, * from (select k, s from l{self.where()}) as q",
            "select * from l as a join l as b on a.k = b.k and a.i = b.id",
            "select a.k, b.k, a.i + b.i from l as a left join l as b on a.k = b.i",
            f"select k, K + 1, k + 1 from l{self.where()} order by k",
        )

    def _shadowing(self) -> str:
        table, down = self.either("l.", ""), self.either("", " desc")
        value = self.either("k", "i", "k + 1", "abs(i)", "- k", "i * k")
        sign = self.either("> null", "= 2", "is not null")
        summary = self.either("sum(i)", "max(k)", "count(i)", "min(x)", "avg(i)")
        return self.either(
            f"select i as k, k as i, s from l{self.where()} order by {table}i{down}, {table}k, s",
            f"select {value} as k, {value} as i from l order by {table}k{down}, {table}i",
            f"select {value} as k, i from l order by - k{down}, i",
            f"select {value} as v, k from l order by v + 1{down}, l.k",
            f"select {value} as v, k from l order by abs(l.k), v{down}",
            f"select {value} as v, id from l where v {sign} or v = 1",
            f"select {value} as i, {summary} as a from l group by {value}",
            f"select {value} as k, {summary} as i from l group by 1 order by 1, 2",
            f"select s as k, {summary} as s from l group by l.s",
            f"select k, {summary} as i from l group by k having {summary} > 0 order by i, k",
            f"select k, max(i) as i, min(i) as j from l group by k order by max(l.i){down}, k",
            f"select k as s, count(*) as k from l group by l.k order by count(*){down}, l.k",
            f"select {value} as v, v + 1 as w, w * 2 as u from l",
            f"select i, x as i2, k as x from l where x > 0 order by l.x{down}, l.k, i",
            f"select q.k as i, q.i as k from (select i as k, {value} as i from l) as q where i > 0",
            "select k as i, sum(i) over (partition by k order by i, l.id) as k from l",
            f"with q as (select {value} as s, k from l) select k, max(s) as s from q group by k",
        )


class Sources(Writer):
    """Writes SELECTs with joins by name, UNION BY NAME, FROM first, and renamed columns."""

    def sourced(self) -> str:
        return self.either(
            *(self._joined, self._joined, self._chained, self._chained, self._by_name),
            *(self._first, self._columns),
        )()

    def _joined(self) -> str:
        left = f"(select k, i, s, b from l{self.where()}) as p"
        right = self.either(
            *("(select rk as k, m, w from r) as q", "(select rk as k, m as i, z from r) as q"),
            *("(select w as s, m from r) as q", "(select distinct rk as k from r) as q"),
        )
        kind = self.either("", "left ", "right ", "full ", "inner ")
        key = "s" if "as s" in right else "k"
        way = self.either(
            f"{left} natural {kind}join {right}",
            f"{left} natural {kind}join {right}",
            f"{left} {kind}join {right} using ({key})",
            f"({left} {kind}join {right} using ({key}))",
            f"(({left}) {kind}join ({right}) using ({key})) join (select 1 as one) as t on true",
        )
        three = self.either("", "left ", "full ")
        return self.either(
            f"select * from {way}",
            f"select {key}, b from {way}",
            f"select p.{key}, q.{key} as other, {key} as v from {way}",
            f"select {key}, count(*) as n, max(i) as a from {way} group by {key}"
            if "as i" not in right
            else f"select count(*) as n, max(b) as a from {way}",
            f"select id, rk, j.i from l {three}join (r {kind}join (select i, k as jk from l) as j "
            "on m = j.i) on k = rk",
            f"select id, rk, j.i from (l {kind}join r on k = rk) {three}join (select i, k as jk "
            "from l) as j on m = j.i",
        )

    def _chained(self) -> str:
        """Returns a query with several joins in a row by the column ``k``, of integers and floats.

        A further table may stand before or behind them, after a comma.
        """
        rows = [
            *("(select k, i, s from l) as p", "(select rk as k, m from r) as q"),
            *("(select z as k, w from r) as t", "(select id as k, b from l) as u"),
        ]
        sources = [self.either(*rows[:2]), self.either(*rows[1:3]), self.either(*rows[3:])]
        sources = list(dict.fromkeys(sources))
        kinds = ["", "left ", "right ", "full ", "natural ", "natural full "]
        way = f"{sources[0]}"
        for source in sources[1:]:
            kind = self.either(*kinds)
            way += f" {kind}join {source}" + ("" if "natural" in kind else " using (k)")
        alone = "(select i as j from l) as a"
        before = self.either(f"{alone}, ", "", "", "")
        behind = self.either(f", {alone}", "", "", "") if not before else ""
        test = self.either("", "", " where k > 0", " where k is not null")
        return self.either(
            f"select k from {before}{way}{behind}{test}",
            f"select * from {before}{way}{behind}{test}",
            f"select k, count(*) as n from {before}{way}{behind}{test} group by k",
            f"select k + 1 as v, u.b from {before}{way}{behind}{test}",
            f"select * from {before}{way} where exists (select 1 from l where id = k)",
        )

    def _by_name(self) -> str:
        left = self.either("k, s", "k, i as n", "s, k, x", "k as m, b")
        right = self.either("rk as k, w as s", "rk as k, z as x", "m, rk as k", "w as s, m as n")
        way = self.either("union", "union all")
        order = self.either("", " order by k" if "k" in left + right else "")
        return f"select {left} from l {way} by name select {right} from r{order}"

    def _first(self) -> str:
        """Returns a query with FROM before SELECT or without SELECT, as a whole or in a part."""
        test = self.where()
        return self.either(
            f"from l{test}",
            f"from l select {self.listed('v', self.any_value)}{test}",
            f"from (from l{test}) as q select k, s",
            f"from l join r on k = rk select id, m{test}",
            f"from l select k, count(*) as n{test} group by k",
            "select k from (from l) where k in (select rk from (from r))",
            f"(select k, s from l{test})",
            f"with q as (from l{test}) from q select k, i",
            f"with q(u, v) as (select k, s from l{test}) select u, count(v) as n from q group by u",
        )

    def _columns(self) -> str:
        """Returns a query over tables with renamed columns: ``l as q(a, u)``."""
        rows = self.either("l", f"(select * from l{self.where()})")
        return self.either(
            f"select a, c + 1 as v from {rows} as q(a, u, c)",
            f"select q.u, max(q.c) as v from {rows} as q(a, u, c) group by q.u",
            f"select u, i as k, m from {rows} as q(a, u) join r on u = rk",
            f"select x, u from {rows} as q(x, u) order by x, u",
            f"select q.* from {rows} as q(a, u)",
            "select a, u from l as q(a, u) where u in (select v from r as p(v))",
        )


class Windows(Writer):
    """Writes SELECTs with window functions, also of groups and by WINDOW, and ordered DISTINCTs."""

    def ordered(self) -> str:
        summary, partition = self._summary(), self.either("", "partition by k", "partition by b, s")
        rank, by = self.either("rank", "dense_rank"), self._key()
        order, down = self.either("k", "s", "i", "x + 1"), self.either("", " desc")
        test = self.either("> 1", "is not null", "<= 1")
        frame = self.either("", " rows 1 preceding")
        return self.either(
            f"select distinct k, s from l{self.where()} order by {order}{down}",
            f"select distinct {self.any_value()} as v from l order by {order}{down}",
            f"select distinct k + 1 as k from l order by k{down}, l.k",
            f"select distinct k, count(*) over ({partition}) as n from l order by n, k",
            f"select id, {summary} over ({partition}) as v from l{self.where()}",
            f"select {summary} over () as v, {rank}() over ({partition} order by {by}) as r from l",
            f"select i - avg(i) over ({partition}) as v, id from l order by v{down}, id, i",
            f"select k, {rank}() over (order by sum(i){down}) as r from l group by k",
            "select k, sum(count(*)) over () as v, max(max(i)) over () as m from l group by k",
            f"select k, count(*) / sum(count(*)) over () as v from l{self.where()} group by k",
            f"select id, k from l qualify count(i) over ({partition}) {test}",
            f"select {summary} over w as v, count(*) over w as n from l window w as ({partition})",
            f"select id, {summary} over (w2{frame}) as v, count(*) over w1 as n from l "
            f"window w1 as ({partition}), w2 as (w1 order by {by}, id)",
            f"select id, {summary} over w as v, (select max(n) from (select count(*) over w as n "
            f"from r window w as (order by m)) as q) as n from l window w as ({partition})",
            f"select id, case when b then {summary} over ({partition}) end as v from l",
            f"select {rank}() over (order by count(*), {self.either('k', 'k is null')}) as r, k "
            "from l group by k",
            "select k, (select sum(m) over () from r limit 1) as v from l",
            f"select {rank}() over () as v, {summary} over ({partition} order by b) as w from l",
        )
