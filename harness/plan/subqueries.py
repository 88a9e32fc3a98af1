"""Subqueries in expressions -> relations to be joined to the block around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.aggregates import described, has_aggregate, is_grouped, split_aggregates
from harness.plan.joins import SemiJoin
from harness.plan.nodes import (
    Aggregate,
    Distinct,
    Expression,
    Item,
    JoinKind,
    Node,
    Project,
    conjunction,
)
from harness.plan.relation import Relation, aliases_in, fresh, join

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)


@dataclass(frozen=True)
class Attached:
    """A subquery's relation, ready to be joined to the block whose expression has need of it."""

    alias: str
    relation: Relation
    kind: JoinKind
    on: tuple[tuple[Expression, Expression], ...] = ()

    def to(self, left: Relation) -> Relation:
        return join(self.kind, left, self.relation, self.on)


class Blocks(Protocol):
    """How the blocks of a subquery are lowered."""

    def block(self, select: exp.Select) -> tuple[Relation, list[Expression]]: ...

    def finish(self, select: exp.Select, relation: Relation) -> Node: ...

    def alias(self) -> str: ...


@dataclass
class Subqueries:
    """Takes the subqueries out of one block's expressions; ``attached`` collects what they need."""

    blocks: Blocks
    attached: list[Attached]

    # ------------------------------------------------------------------ EXISTS and IN

    def semi_join(self, predicate: Expression) -> SemiJoin | None:
        """The semi or anti join that a predicate is, if it is one as a whole."""
        negated = isinstance(predicate, exp.Not)
        return self._test(predicate.this if negated else predicate, negated)

    def _test(self, test: Expression, negated: bool) -> SemiJoin | None:
        if isinstance(test, exp.Exists):
            return self._exists(test, negated)
        if isinstance(test, exp.In) and test.args.get("query") is not None:
            return self._in(test, negated)
        return None

    def _exists(self, test: exp.Exists, negated: bool) -> SemiJoin:
        select = _select(test.this)
        if any(select.args.get(clause) for clause in ("group", "having", "limit")):
            raise Unsupported("EXISTS over groups", select.sql("duckdb"))
        relation, correlated = self.blocks.block(select)
        on, residual = _split(relation, correlated)
        return SemiJoin(_semi(negated), relation, on, conjunction(residual))

    def _in(self, test: exp.In, negated: bool) -> SemiJoin:
        select = _select(test.args["query"])
        relation, correlated = self.blocks.block(select)
        value = select.selects[0].unalias()
        if is_grouped(select) or select.args.get("distinct") or select.args.get("limit"):
            if correlated:
                raise Unsupported("a correlated IN over groups", test.sql("duckdb"))
            node, alias = self.blocks.finish(select, relation), self.blocks.alias()
            relation = Relation(node, {(alias, node.names[0]): node.names[0]})
            value = exp.column(node.names[0], alias)
        on, residual = _split(relation, correlated)
        pairs = (*on, (test.this, value))
        return SemiJoin(_semi(negated), relation, pairs, conjunction(residual), null_aware=negated)

    # ------------------------------------------------------------------ subqueries in expressions

    def out_of(self, e: Expression, *, required: bool = False) -> Expression:
        """The expression over the columns that the attached relations will have.

        ``required`` says that a row without a value is dropped anyway, so that an inner join does.
        """
        negated = isinstance(e, exp.Not)
        test = e.this if negated else e
        if semi := self._test(test, negated=False):
            if isinstance(test, exp.In) and not _decides(e):
                raise Unsupported("IN (SELECT …) as a value, which can be NULL", test.sql("duckdb"))
            return self._marked(test, semi, negated)
        if isinstance(e, exp.Subquery):
            return self._scalar(e, required)
        for key, value in list(e.args.items()):
            if isinstance(value, exp.Expr):
                e.set(key, self.out_of(value, required=required))
            elif isinstance(value, list):
                e.set(key, [self._any(v, required) for v in value])
        return e

    def _any(self, value: object, required: bool) -> object:
        return self.out_of(value, required=required) if isinstance(value, exp.Expr) else value

    def _marked(self, test: Expression, semi: SemiJoin, negated: bool) -> Expression:
        missing = exp.Is(this=self._mark(test, semi), expression=exp.null())
        if not negated:
            return exp.Not(this=missing)
        if isinstance(test, exp.Exists):
            return missing
        return exp.And(this=missing, expression=self._comparable(test, semi))

    def _comparable(self, test: Expression, semi: SemiJoin) -> Expression:
        """NOT IN is never true of a NULL, nor of a set with a NULL in it, but of an empty set."""
        if len(semi.on) > 1:
            raise Unsupported("a correlated NOT IN under OR", test.sql("duckdb"))
        ((value, member),) = semi.on
        relation, name = semi.right.with_column(member)
        counts = (
            ("set_size", exp.Count(this=exp.Star())),
            ("set_known", exp.Count(this=exp.column(name))),
        )
        alias = self.blocks.alias()
        items = tuple((f"{alias}_{n}", e) for n, e in counts)
        self.attached.append(
            Attached(alias, _under(alias, Aggregate(relation.node, (), items)), "single")
        )
        size, known = (exp.column(n, alias) for n, _ in items)
        there = exp.Not(this=exp.Is(this=value.copy(), expression=exp.null()))
        complete = exp.And(this=there, expression=exp.EQ(this=known, expression=size.copy()))
        empty = exp.EQ(this=size, expression=exp.Literal.number(0))
        return exp.Or(this=empty, expression=complete)

    def _mark(self, test: Expression, semi: SemiJoin) -> Expression:
        """A column that is there exactly for the rows that an EXISTS or IN finds a partner for."""
        if semi.residual is not None or not semi.on:
            raise Unsupported("this EXISTS under OR", test.sql("duckdb"))
        relation, alias, keys = semi.right, self.blocks.alias(), []
        for _, inner in semi.on:
            relation, name = relation.with_column(inner)
            keys.append(name)
        distinct = Distinct(Project(relation.node, _same(dict.fromkeys(keys))))
        node = Project(distinct, (*_same(distinct.names), (f"{alias}_found", exp.true())))
        pairs = zip((outer for outer, _ in semi.on), keys, strict=True)
        on = tuple((outer, exp.column(key, alias)) for outer, key in pairs)
        self.attached.append(Attached(alias, _under(alias, node), "left", on))
        return exp.column(f"{alias}_found", alias)

    def _scalar(self, subquery: exp.Subquery, required: bool) -> Expression:
        select = _select(subquery)
        relation, correlated = self.blocks.block(select)
        alias, item = self.blocks.alias(), select.selects[0].unalias()
        name = described(relation.flat(item))
        if not correlated:
            select.set("expressions", [exp.alias_(item, name)])
            node = self.blocks.finish(select, relation)
            self.attached.append(Attached(alias, _under(alias, node), "single"))
            return exp.column(node.names[0], alias)
        on, residual = _split(relation, correlated)
        plain = not residual and not select.args.get("group") and has_aggregate(item)
        if not plain or ((has_count := item.find(exp.Count)) and item is not has_count):
            raise Unsupported("this correlated scalar subquery", select.sql("duckdb"))
        counts = isinstance(item, exp.Count)
        kind: JoinKind = "inner" if required and not counts else "left"
        attached, column = _per_key(alias, relation, on, (name, item), kind)
        self.attached.append(attached)
        return exp.Coalesce(this=column, expressions=[exp.Literal.number(0)]) if counts else column


def _decides(e: Expression) -> bool:
    """Whether only the truth of a test matters: where it stands, NULL does as false would."""
    parent = e.parent
    if isinstance(parent, (exp.And, exp.Or)):
        return _decides(parent)
    if isinstance(parent, exp.If):
        return parent.this is e
    return parent is None or isinstance(parent, (exp.Where, exp.Having, exp.Join, exp.Qualify))


def compares(predicate: Expression) -> bool:
    """Whether a predicate is a plain comparison, never true where a side of it is NULL."""
    return isinstance(predicate, _COMPARISONS)


def _per_key(
    alias: str,
    relation: Relation,
    on: Sequence[tuple[Expression, Expression]],
    item: Item,
    kind: JoinKind,
) -> tuple[Attached, Expression]:
    """A correlated aggregate as one aggregate per correlation key, joined on the keys."""
    keys: list[Item] = []
    for _, inner in on:
        relation, name = relation.with_column(inner)
        keys.append((fresh(name, {k for k, _ in keys}), exp.column(name)))
    name = fresh(item[0], {k for k, _ in keys})
    aggregates, (value,) = split_aggregates(relation, keys, [(name, item[1])])
    node = Project(
        Aggregate(relation.node, tuple(keys), aggregates),
        (*_same(k for k, _ in keys), (name, value)),
    )
    pairs = zip((outer for outer, _ in on), keys, strict=True)
    columns = tuple((outer, exp.column(k, alias)) for outer, (k, _) in pairs)
    return Attached(alias, _under(alias, node), kind, columns), exp.column(name, alias)


def _same(names: Iterable[str]) -> tuple[Item, ...]:
    return tuple((name, exp.column(name)) for name in names)


def _under(alias: str, node: Node) -> Relation:
    return Relation(node, {(alias, name): name for name in node.names})


def _semi(negated: bool) -> JoinKind:
    return "anti" if negated else "semi"


def _select(query: Expression) -> exp.Select:
    query = query.this if isinstance(query, exp.Subquery) else query
    if not isinstance(query, exp.Select):
        raise Unsupported("a set operation inside this subquery", query.sql("duckdb"))
    return query


def _split(
    relation: Relation, correlated: Sequence[Expression]
) -> tuple[tuple[tuple[Expression, Expression], ...], list[Expression]]:
    """Correlated predicates -> pairs (outer, inner) of equalities, and the rest."""
    pairs, residual = [], []
    for p in correlated:
        equality = isinstance(p, exp.EQ)
        left = aliases_in(p.this) if equality else frozenset()
        right = aliases_in(p.expression) if equality else frozenset()
        if left and left <= relation.aliases and not right & relation.aliases:
            pairs.append((p.expression, p.this))
        elif right and right <= relation.aliases and not left & relation.aliases:
            pairs.append((p.this, p.expression))
        else:
            residual.append(p)
    return tuple(pairs), residual
