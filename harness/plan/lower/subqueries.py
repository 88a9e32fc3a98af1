"""Subqueries in expressions -> relations that are joined to the query block around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.facts.columns import fresh, with_columns
from harness.plan.facts.kinds import COMPARISONS
from harness.plan.facts.printing import in_sql
from harness.plan.lower.aggregates import Aggregates, described
from harness.plan.lower.distinct import aggregated
from harness.plan.lower.per_key import Pairs, per_key, sort_key, split
from harness.plan.lower.semi_joins import SemiJoin
from harness.plan.sql.grouping import (
    aggregates_with_subqueries,
    has_aggregate,
    has_subquery,
    is_grouped,
    is_total,
)
from harness.plan.sql.normalize import negation
from harness.plan.tree.nodes import (
    Aggregate,
    Distinct,
    Expression,
    Item,
    JoinKind,
    Node,
    Project,
    TopPerGroup,
    conjunction,
    one_row,
)
from harness.plan.tree.relation import Relation, aliases_in, join, with_row_number

_STRICT = (*COMPARISONS, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.Cast)
"""Expressions that are NULL if an operand is."""
_ROWS = exp.Count(this=exp.Star())


@dataclass(frozen=True)
class Attached:
    """A subquery's relation, to be joined to the query block whose expression uses its value.

    If ``values`` are given, they are computed for each row of the block: aggregates over the rows
    of ``relation`` that match it by ``on`` and ``residual``, or values of the first of these rows
    in an ``order``.
    """

    alias: str
    relation: Relation
    kind: JoinKind
    on: Pairs = ()
    residual: Expression | None = None
    values: tuple[Item, ...] = ()
    order: tuple[exp.Ordered, ...] = ()

    @property
    def correlated(self) -> bool:
        return bool(self.on or self.values)

    @property
    def outer_aliases(self) -> frozenset[str]:
        """Returns the aliases in the surrounding query block that the subquery refers to."""
        tied = [*(outer for outer, _ in self.on), *(e for _, e in self.values)]
        tied += [*self.order, *([] if self.residual is None else [self.residual])]
        return frozenset().union(*map(aliases_in, tied)) - self.relation.aliases - {""}

    def to(self, left: Relation) -> Relation:
        if not self.values:
            return join(self.kind, left, self.relation, self.on)
        numbered, row = with_row_number(left, self.relation)
        matched = join("inner" if self.on else "cross", numbered, self.relation, self.on)
        matched = matched.where([] if self.residual is None else [self.residual])
        matched = _first(matched, row, self.order) if self.order else matched
        key = (row, exp.column(row))
        values = tuple((name, matched.flat(e)) for name, e in self.values)
        node: Node = Aggregate(matched.node, (key,), values)
        if self.order:
            node = Project(matched.node, (key, *values))
        number = exp.column(row, self.alias)
        beside = Relation(numbered.node, {**left.columns, (self.alias, row): row})
        joined = join("left", beside, _under(self.alias, node), [(number, number)])
        return Relation(joined.node, {k: v for k, v in joined.columns.items() if v != row})


class Blocks(Protocol):
    """What :class:`Subqueries` calls to lower the SELECTs inside a subquery.

    The class behind it is `harness.plan.lower.select.Lowering`.
    """

    def block(self, select: exp.Select) -> tuple[Relation, list[Expression]]: ...

    def finish(self, select: exp.Select, relation: Relation) -> Node: ...

    def query(self, tree: Expression) -> Node: ...

    def alias(self) -> str: ...


@dataclass
class Subqueries:
    """Replaces the subqueries in one query block's expressions by columns.

    ``attached`` collects the relations that have these columns.
    """

    blocks: Blocks
    attached: list[Attached]

    # ------------------------------------------------------------------ EXISTS and IN

    def semi_join(self, predicate: Expression) -> SemiJoin | None:
        """Returns the semi or anti join that a whole predicate amounts to.

        None if the predicate is no EXISTS, no IN of a subquery, and no NOT of these, or if a
        subquery's value is looked up.
        """
        negated = isinstance(predicate, exp.Not)
        test = predicate.this if negated else predicate
        if isinstance(test, exp.In) and has_subquery(test.this):
            return None
        return self._test(test, negated)

    def _test(self, test: Expression, negated: bool) -> SemiJoin | None:
        if isinstance(test, exp.Exists):
            return self._exists(test, negated)
        if isinstance(test, exp.In) and test.args.get("query") is not None:
            return self._in(test, negated)
        return None

    def _exists(self, test: exp.Exists, negated: bool) -> SemiJoin:
        tree = test.this.unnest()
        tree.set("distinct", None)
        if tree.args.get("offset") is None and _is_positive(tree.args.get("limit")):
            tree.set("limit", None)
        relation, _, correlated = self._rows(tree)
        on, residual = split(relation, correlated)
        return SemiJoin(_semi(negated), relation, on, conjunction(residual))

    def _in(self, test: exp.In, negated: bool) -> SemiJoin:
        relation, value, correlated = self._rows(test.args["query"].unnest())
        on, residual = split(relation, correlated)
        pairs = (*on, (test.this, value))
        return SemiJoin(_semi(negated), relation, pairs, conjunction(residual), null_aware=negated)

    def _rows(self, tree: Expression) -> tuple[Relation, Expression, list[Expression]]:
        """Returns a subquery's relation, first column's expression, and correlated predicates."""
        if not isinstance(tree, exp.Select) or tree.args.get("with_"):
            return *self._finished(self.blocks.query(tree)), []
        relation, correlated = self.blocks.block(tree)
        if not _has_more_clauses(tree) and not is_grouped(tree):
            return relation, tree.selects[0].unalias(), correlated
        if correlated:
            return self._per_key(tree, relation, correlated)
        return *self._finished(self.blocks.finish(tree, relation)), []

    def _per_key(
        self, select: exp.Select, relation: Relation, correlated: Sequence[Expression]
    ) -> tuple[Relation, Expression, list[Expression]]:
        """Returns what `_rows` does for a subquery whose rows depend on the value it is tied to."""
        on, residual = split(relation, correlated)
        if residual:
            reason = "a correlated subquery of groups or with a LIMIT, tied by other than equality"
            raise Unsupported(reason, in_sql(select))
        inners = [inner for _, inner in on]
        node, keys = per_key(select, inners, lambda tied: self.blocks.finish(tied, relation))
        found, value = self._finished(node)
        (alias,) = found.aliases
        pairs = zip((outer for outer, _ in on), keys, strict=True)
        return found, value, [exp.EQ(this=a, expression=exp.column(b, alias)) for a, b in pairs]

    def _finished(self, node: Node) -> tuple[Relation, Expression]:
        alias = self.blocks.alias()
        return _under(alias, node), exp.column(node.names[0], alias)

    # ------------------------------------------------------------------ subqueries in expressions

    def out_of(self, e: Expression, *, required: bool = False) -> Expression:
        """Returns the expression with its subqueries replaced by columns of attached relations.

        ``required`` says that the predicate is not true of a row where the expression is NULL: then
        an inner join may drop that row.
        """
        negated = isinstance(e, exp.Not)
        test = e.this if negated else e
        if isinstance(test, exp.In):
            test.set("this", self.out_of(test.this))
        if semi := self._test(test, negated=False):
            return self._truth(test, semi, negated, _null_is_false(e))
        if isinstance(e, exp.Subquery):
            return self._scalar(e, required)
        if isinstance(e, (exp.Any, exp.All)):
            text = in_sql(e.parent or e)
            raise Unsupported("= ALL or <> ANY of a subquery", text)
        required = required and isinstance(e, _STRICT)
        for key, value in list(e.args.items()):
            if isinstance(value, exp.Expr):
                e.set(key, self.out_of(value, required=required))
            elif isinstance(value, list):
                e.set(key, [self._any(v, required) for v in value])
        return e

    def _any(self, value: object, required: bool) -> object:
        return self.out_of(value, required=required) if isinstance(value, exp.Expr) else value

    def _truth(self, test: Expression, semi: SemiJoin, negated: bool, decides: bool) -> Expression:
        """Returns an expression for the value of ``test``, an EXISTS or IN; that of IN can be NULL.

        ``semi`` is the semi join that ``test`` amounts to. If ``negated``, the value is that of NOT
        EXISTS or NOT IN. ``decides`` says that NULL has the same effect as false here.
        """
        found = self._found(semi)
        if isinstance(test, exp.Exists) or (decides and not negated):
            return negation(found) if negated else found
        if decides:
            return exp.And(this=negation(found), expression=self._comparable(semi))
        yes = exp.If(this=found, true=exp.convert(not negated))
        no = exp.If(this=self._comparable(semi), true=exp.convert(negated))
        return exp.Case(ifs=[yes, no])

    def _found(self, semi: SemiJoin) -> Expression:
        """Returns the expression that is true of a row for which an EXISTS or IN finds a match."""
        if semi.residual is not None or not semi.on:
            (count,) = self._values(semi.right, semi.on, [("found", _ROWS)], semi.residual)
            return exp.GT(this=count, expression=exp.Literal.number(0))
        relation, alias, keys = semi.right, self.blocks.alias(), []
        for _, inner in semi.on:
            relation, name = relation.with_column(inner)
            keys.append(name)
        distinct = Distinct(Project(relation.node, _same(dict.fromkeys(keys))))
        node = Project(distinct, (*_same(distinct.names), (f"{alias}_found", exp.true())))
        pairs = zip((outer for outer, _ in semi.on), keys, strict=True)
        on = tuple((outer, exp.column(key, alias)) for outer, key in pairs)
        self.attached.append(Attached(alias, _under(alias, node), "left", on))
        mark = exp.column(f"{alias}_found", alias)
        return exp.Not(this=exp.Is(this=mark, expression=exp.null()))

    def _comparable(self, semi: SemiJoin) -> Expression:
        """Returns the expression that is true of a row without a match if NOT IN is, and not NULL.

        It holds if the set is empty, or if neither the row's value nor any value of the set is
        NULL.
        """
        (*correlation, (value, member)) = semi.on
        counts = [("set_size", _ROWS), ("set_known", exp.Count(this=member.copy()))]
        size, known = self._values(semi.right, tuple(correlation), counts, semi.residual)
        there = exp.Not(this=exp.Is(this=value.copy(), expression=exp.null()))
        complete = exp.And(this=there, expression=exp.EQ(this=known, expression=size.copy()))
        empty = exp.EQ(this=size, expression=exp.Literal.number(0))
        return exp.Or(this=empty, expression=complete)

    # ------------------------------------------------------------------ scalar subqueries

    def _scalar(self, subquery: exp.Subquery, required: bool) -> Expression:
        select = subquery.unnest()
        if not isinstance(select, exp.Select) or select.args.get("with_"):
            return self._only(self.blocks.query(select))
        relation, correlated = self.blocks.block(select)
        item = select.selects[0].unalias()
        name = described(relation.flat(item))
        if not correlated and aliases_in(item) <= relation.aliases:
            select.set("expressions", [exp.alias_(item, name)])
            return self._only(self.blocks.finish(select, relation))
        on, residual = split(relation, correlated)
        if is_total(select):
            relation, item = self._with_values(relation, item, select)
            item = _of_having(select, item)
        elif residual and _takes_first(select):
            relation, item = self._with_values(relation, item, select)
            return self._first_by_row(relation, on, (name, item), residual, select)
        elif _has_more_clauses(select) or is_grouped(select):
            relation, item, correlated = self._per_key(select, relation, correlated)
            on, residual = split(relation, correlated)
            if isinstance(relation.node, TopPerGroup) and relation.node.count == 1:
                (alias,) = relation.aliases
                kind: JoinKind = "inner" if required else "left"
                self.attached.append(Attached(alias, relation, kind, on))
                return item
        else:
            relation, item = self._with_values(relation, item, select)
        if not has_aggregate(item):  # there is at most one row, else DuckDB raises an error
            item = exp.Max(this=item)
        outer = any(not aliases_in(a) <= relation.aliases for a in item.find_all(exp.AggFunc))
        if outer or residual:
            return self._by_row(relation, on, [(name, item)], conjunction(residual))[0]
        return self._values(relation, on, [(name, item)], required=required)[0]

    def _with_values(
        self, relation: Relation, item: Expression, select: exp.Select
    ) -> tuple[Relation, Expression]:
        """Returns ``relation`` with the values of subqueries in ``item``, and ``item`` over it.

        ``relation`` has the rows of the subquery ``select``, whose value is ``item``. What stands
        in a total, but in none of its aggregates, is a value of the query block around.
        """
        of_rows = Subqueries(self.blocks, [])
        if is_total(select):
            for aggregate in aggregates_with_subqueries(select, [item]):
                of_rows.out_of(aggregate)
            item = self.out_of(item)
        else:
            item = of_rows.out_of(item)
        for attached in of_rows.attached:
            relation = attached.to(relation)
        return relation, item

    def _only(self, node: Node) -> Expression:
        """Adds a subquery of at most one row to ``attached``; returns the column of its value.

        The value is NULL if the subquery has no row.
        """
        alias, name = self.blocks.alias(), node.names[0]
        if not one_row(node):
            node = Aggregate(node, (), ((name, exp.Max(this=exp.column(name))),))
        self.attached.append(Attached(alias, _under(alias, node), "single"))
        return exp.column(name, alias)

    def _first_by_row(
        self,
        relation: Relation,
        on: Pairs,
        item: Item,
        residual: Sequence[Expression],
        select: exp.Select,
    ) -> Expression:
        """Attaches the first row that matches each row of the query block, in the order of SELECT.

        Returns the column of its value, ``item``.
        """
        alias, order = self.blocks.alias(), tuple(select.args["order"].expressions)
        rows = Attached(alias, relation, "left", on, conjunction(residual), (item,), order)
        self.attached.append(rows)
        return exp.column(item[0], alias)

    def _by_row(
        self, relation: Relation, on: Pairs, items: Sequence[Item], residual: Expression | None
    ) -> list[Expression]:
        """Attaches aggregates that are computed for each row of the query block.

        They are over the rows that match by ``on`` and ``residual``. Returns their columns.
        """
        alias = self.blocks.alias()
        aggregates = Aggregates(Relation(relation.node, {}), [], items)
        values = [_seen_from_block(aggregates.over(e), alias, aggregates) for _, e in items]
        self.attached.append(Attached(alias, relation, "left", on, residual, aggregates.found))
        return values

    def _values(
        self,
        relation: Relation,
        on: Pairs,
        items: Sequence[Item],
        residual: Expression | None = None,
        required: bool = False,
    ) -> list[Expression]:
        """Attaches aggregates over the rows that match a row of the query block.

        Returns the aggregates' columns. Rows match if the pairs ``on``, (outer, inner), are equal
        and ``residual`` is true. Without a residual the aggregates in ``items`` are computed once
        for each key. ``required``: rows of the block without a value may be dropped.
        """
        if residual is not None:
            return self._by_row(relation, on, items, residual)
        alias, keys = self.blocks.alias(), list[Item]()
        key_of: dict[str, str] = {}
        inners = []
        for _, inner in on:
            relation, name = relation.with_column(inner)
            if name not in key_of:
                key_of[name] = fresh(name, {k for k, _ in keys})
                keys.append((key_of[name], exp.column(name)))
            inners.append(key_of[name])
        aggregates = Aggregates(relation, keys, items)
        values = [
            _seen_from_block(aggregates.over(e), alias, aggregates, bool(on)) for _, e in items
        ]
        node = aggregated(relation.node, keys, aggregates.found)
        strict = required and all(is_strict(e) for _, e in items)
        kind: JoinKind = "single" if not on else "inner" if strict else "left"
        outers = zip((outer for outer, _ in on), inners, strict=True)
        pairs = tuple((outer, exp.column(key, alias)) for outer, key in outers)
        self.attached.append(Attached(alias, _under(alias, node), kind, pairs))
        return values


def _of_having(select: exp.Select, item: Expression) -> Expression:
    """Returns the value of a total of all rows, which is NULL where its HAVING is not true."""
    having = select.args.get("having")
    if having is not None and having.find(exp.Query) is not None:
        raise Unsupported("a subquery in HAVING of a correlated total", in_sql(having.this))
    return item if having is None else exp.Case(ifs=[exp.If(this=having.this, true=item)])


def _takes_first(select: exp.Select) -> bool:
    """True of a SELECT of rows ``order by … limit 1``."""
    limit, rest = select.args.get("limit"), select.copy()
    rest.set("limit", None)
    one = limit is not None and limit.expression == exp.Literal.number(1)
    more = _has_more_clauses(rest) or is_grouped(select)
    return one and select.args.get("order") is not None and not more


def _first(relation: Relation, row: str, order: Sequence[exp.Ordered]) -> Relation:
    """Keeps of each row of the query block, numbered by ``row``, the first match in an order."""
    keys = []
    for ordered in order:
        relation, name = relation.with_column(ordered.this)
        keys.append(sort_key(name, ordered))
    return Relation(TopPerGroup(relation.node, (row,), tuple(keys), 1), relation.columns)


def _has_more_clauses(select: exp.Select) -> bool:
    """True if a SELECT has clauses after WHERE, or windows, which change its rows."""
    clauses = ("group", "having", "qualify", "limit", "offset", "distinct")
    if any(select.args.get(clause) for clause in clauses):
        return True
    return any(item.find(exp.Window) for item in select.selects)


def _is_positive(limit: Expression | None) -> bool:
    count = None if limit is None else limit.expression
    return isinstance(count, exp.Literal) and count.is_int and int(count.name) > 0


def _null_is_false(e: Expression) -> bool:
    """True if NULL, as the result of a test, has the same effect as false where the test stands."""
    parent = e.parent
    if isinstance(parent, (exp.And, exp.Or)):
        return _null_is_false(parent)
    if isinstance(parent, exp.If):
        return parent.this is e
    return parent is None or isinstance(parent, (exp.Where, exp.Having, exp.Join, exp.Qualify))


def compares(predicate: Expression) -> bool:
    """True if a predicate is a plain comparison, which is never true if a side is NULL."""
    return isinstance(predicate, COMPARISONS)


def _seen_from_block(
    value: Expression, alias: str, aggregates: Aggregates, joined: bool = True
) -> Expression:
    """Rewrites a subquery's value over an aggregation's columns for the query block around it.

    There the columns have the table name ``alias``; ``aggregates`` says which of them are counts.
    If ``joined``, rows of the block may have no match: then a count is 0, not NULL.
    """
    counts = {name for name, e in aggregates.found if joined and isinstance(e, exp.Count)}

    def moved(column: exp.Column) -> Expression | None:
        if column.table:
            return None
        outside = exp.column(column.name, alias)
        if column.name not in counts:
            return outside
        return exp.Coalesce(this=outside, expressions=[exp.Literal.number(0)])

    return with_columns(value, moved)


def is_strict(item: Expression) -> bool:
    """True if a value is NULL without rows to aggregate: ``sum(x)`` is, ``count(x)`` is not."""
    if isinstance(item, exp.AggFunc):
        return not isinstance(item, exp.Count)
    operands = [item.this, item.args.get("expression")] if isinstance(item, _STRICT) else []
    return any(is_strict(e) for e in operands if isinstance(e, exp.Expr))


def _same(names: Iterable[str]) -> tuple[Item, ...]:
    return tuple((name, exp.column(name)) for name in names)


def _under(alias: str, node: Node) -> Relation:
    return Relation(node, {(alias, name): name for name in node.names})


def _semi(negated: bool) -> JoinKind:
    return "anti" if negated else "semi"
