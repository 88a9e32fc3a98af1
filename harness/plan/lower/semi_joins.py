"""EXISTS, IN and their negations -> semi and anti joins, which only filter rows."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.facts.columns import fresh
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typing import infer
from harness.plan.lower.predicates import any_of
from harness.plan.tree.nodes import (
    Aggregate,
    Expression,
    Filter,
    Item,
    Join,
    JoinKind,
    conjunction,
    conjuncts,
)
from harness.plan.tree.relation import Relation, aliases_in, join


@dataclass(frozen=True)
class SemiJoin:
    """An EXISTS or IN of WHERE, or its negation: a join with ``right`` that only filters rows.

    ``on`` pairs an outer with an inner expression it has to equal; ``residual`` is what else must
    be true of matching rows. ``null_aware`` is set for NOT IN.
    """

    kind: JoinKind
    right: Relation
    on: tuple[tuple[Expression, Expression], ...]
    residual: Expression | None = None
    null_aware: bool = False

    @property
    def outer_aliases(self) -> frozenset[str]:
        keys = [left for left, _ in self.on]
        outside = aliases_in(self.residual) - self.right.aliases if self.residual else frozenset()
        return frozenset().union(*map(aliases_in, keys)) | outside

    def apply(self, left: Relation) -> Relation:
        if outside := self.outer_aliases - left.aliases:
            tied = next(e for e in self._conditions() if aliases_in(e) & outside)
            raise Unsupported("a column of a query further out", in_sql(tied))
        if not self.on and self.residual is None:
            return self._if_any(left)
        if sides := self._differing(left):
            return self._by_extremes(left, *sides)
        if self.null_aware:
            return self._not_in(left)
        return join(self.kind, left, self.right, self.on, self.residual)

    def _conditions(self) -> list[Expression]:
        return [*(left for left, _ in self.on), *conjuncts(self.residual)]

    def _if_any(self, left: Relation) -> Relation:
        """Lowers an uncorrelated EXISTS or its negation: keeps every row of ``left``, or none."""
        rows = fresh("rows", set(left.node.names))
        count = Aggregate(self.right.node, (), ((rows, exp.Count(this=exp.Star())),))
        sign = exp.GT if self.kind == "semi" else exp.EQ
        condition = sign(this=exp.column(rows), expression=exp.Literal.number(0))
        return Relation(Filter(Join("single", left.node, count), condition), left.columns)

    def _differing(self, left: Relation) -> tuple[Expression, Expression] | None:
        """Returns (outer, inner) if the residual is just ``inner <> outer`` and there are keys.

        The outer expression is over ``left``. Returns None in other cases.
        """
        if not (isinstance(self.residual, exp.NEQ) and self.on):
            return None
        for ours, theirs in (
            (self.residual.this, self.residual.expression),
            (self.residual.expression, self.residual.this),
        ):
            if aliases_in(ours) <= left.aliases and aliases_in(theirs) <= self.right.aliases:
                return ours, theirs
        return None

    def _by_extremes(self, left: Relation, ours: Expression, theirs: Expression) -> Relation:
        """Lowers ``exists (… where inner <> outer)`` to an aggregation that is joined to ``left``.

        ``ours`` is the outer value, ``theirs`` the inner one; NOT EXISTS is lowered, too. Some
        inner value of a group differs from the outer value exactly if the group's minimum or
        maximum differs from it.
        """
        right, keys = self.right, []
        for _, key in self.on:
            right, name = right.with_column(key)
            keys.append(name)
        value = right.flat(theirs)
        subject = value.name if isinstance(value, exp.Column) else "value"
        taken = set(left.node.names)
        low, high = fresh(f"{subject}_min", taken), fresh(f"{subject}_max", taken)
        node = Aggregate(
            right.node,
            tuple((key, exp.column(key)) for key in dict.fromkeys(keys)),
            ((low, exp.Min(this=value)), (high, exp.Max(this=value.copy()))),
        )
        alias = f"extremes_of_{subject}"
        extremes = Relation(node, {(alias, name): name for name in node.names})
        pairs = [(k, exp.column(name, alias)) for (k, _), name in zip(self.on, keys, strict=True)]
        joined = join("inner" if self.kind == "semi" else "left", left, extremes, pairs)
        least, most = exp.column(low, alias), exp.column(high, alias)
        condition = self._condition(least, most, ours)
        if self.kind == "anti" and infer(left.flat(ours), left.node.schema).nullable:
            unknown = exp.Is(this=ours.copy(), expression=exp.null())
            condition = exp.Or(this=unknown, expression=condition)
        return Relation(joined.where([condition]).node, left.columns)

    def _condition(self, least: Expression, most: Expression, ours: Expression) -> Expression:
        if self.kind == "semi":
            differs = exp.NEQ(this=least, expression=ours.copy())
            return exp.Or(this=differs, expression=exp.NEQ(this=most, expression=ours.copy()))
        nothing = exp.Is(this=least.copy(), expression=exp.null())
        same = exp.And(
            this=exp.EQ(this=least, expression=ours.copy()),
            expression=exp.EQ(this=most, expression=ours.copy()),
        )
        return exp.Or(this=nothing, expression=same)

    def _not_in(self, left: Relation) -> Relation:
        """Lowers NOT IN, which is an anti join only if neither side can be NULL.

        Otherwise NOT IN is true of a row without a match if the set is empty, or if neither the
        row's value nor any value of the set is NULL.
        """
        (*correlation, (value, member)) = self.on
        outer, left_name = left.with_column(value)
        inner, right_name = self.right.with_column(member)
        nullable = [outer.node.column(left_name).nullable, inner.node.column(right_name).nullable]
        if not any(nullable):
            return join("anti", left, self.right, self.on, self.residual)
        if correlation or self.residual is not None:
            matches: list[Expression] = [exp.EQ(this=value, expression=member)]
            for e, can_be in zip((value, member), nullable, strict=True):
                matches += [exp.Is(this=e.copy(), expression=exp.null())] if can_be else []
            residual = conjunction([*conjuncts(self.residual), any_of(matches)])
            return join("anti", left, self.right, correlation, residual)
        joined = join("anti", left, self.right, self.on)
        taken = set(joined.node.names)
        size, known = fresh("set_size", taken), fresh("set_known", taken)
        counts: list[Item] = [(size, exp.Count(this=exp.Star()))]
        empty = exp.EQ(this=exp.column(size), expression=exp.Literal.number(0))
        there: Expression = exp.Not(this=exp.Is(this=left.flat(value), expression=exp.null()))
        if inner.node.column(right_name).nullable:
            counts.append((known, exp.Count(this=exp.column(right_name))))
            complete = exp.EQ(this=exp.column(known), expression=exp.column(size))
            there = exp.And(this=there, expression=complete)
        node = Join("single", joined.node, Aggregate(inner.node, (), tuple(counts)))
        condition = exp.Or(this=empty, expression=there)
        return Relation(Filter(node, condition), joined.columns)
