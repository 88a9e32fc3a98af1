"""Decides which numbers are widened before a library computes with them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from harness.plan.facts.kinds import COMPARISONS
from harness.plan.facts.typing import Inference
from harness.plan.tree.nodes import (
    Aggregate,
    Expression,
    Join,
    Node,
    Project,
    Scan,
    Union,
    Values,
    Window,
)
from harness.types import Type

Kinds = tuple[type[Expression], ...]
_ONE_OR_NOTHING = (exp.Literal.number(1), exp.Literal.number(0))
_PASSING = (
    *(exp.Abs, exp.Min, exp.Max, exp.Window, exp.IgnoreNulls),
    *(exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue),
)
"""Functions whose result has the type of their first operand."""


@dataclass(frozen=True)
class Widths:
    """Which numbers a library computes in a narrower type than SQL: by default none."""

    narrow: Kinds = ()
    """Functions whose results have fewer than 64 bits, or are unsigned."""
    narrow_null: bool = True
    """True if their results are narrow although they may be NULL."""
    mixes: bool = True
    """False if integers need a cast to float64 beside floats."""


def wider(
    x: Expression, e: Expression, widths: Widths, columns: frozenset[str], types: Inference
) -> Type | None:
    """Returns the type to which ``x``, an operand of ``e``, is cast; None if it stays as it is.

    ``columns`` are the names of the narrow columns: those of fewer than 64 bits, or unsigned.
    Narrow operands of comparisons, and of arithmetic with floats, stay as they are, since these do
    not overflow.
    """
    if not widths.mixes:
        beside_floats = any(types.of(y).type is Type.FLOAT64 for y in _beside(e))
        return Type.FLOAT64 if beside_floats and types.of(x).type is Type.INT64 else None
    if not is_narrow(x, widths.narrow, columns):
        return None
    in_floats = isinstance(e, exp.Binary) and types.of(e).type is not Type.INT64
    wide = in_floats or (types.of(x).nullable and not widths.narrow_null)
    return None if wide else Type.INT64


def _beside(e: Expression) -> list[Expression]:
    """Returns the expressions that decide in which type the operands of ``e`` are computed.

    Those are the operands of a comparison or IN; for others it is ``e`` itself.
    """
    if isinstance(e, COMPARISONS):
        return [e.this, e.expression]
    return [e.this, *e.expressions] if isinstance(e, exp.In) else [e]


def is_narrow(e: Expression, kinds: Kinds, columns: frozenset[str]) -> bool:
    """True if an expression's type is narrow: it has fewer than 64 bits, or is unsigned.

    ``columns`` are the names of the narrow columns, ``kinds`` the functions with narrow results.
    Arithmetic and sums are not narrow: their operands are widened, lest they overflow. ``CountIf``
    in ``kinds`` stands for the sums that :func:`counted` finds.
    """
    if isinstance(e, exp.Column):
        return e.name in columns
    if isinstance(e, kinds) or (exp.CountIf in kinds and counted(e) is not None):
        return True
    if isinstance(e, exp.Case):
        values = [branch.args["true"] for branch in e.args["ifs"]] + [e.args.get("default")]
    elif isinstance(e, (exp.Coalesce, exp.Greatest, exp.Least)):
        values = [e.this, *e.expressions]
    elif isinstance(e, _PASSING):
        values = [e.this]
    else:
        return False
    present = [v for v in values if v is not None and not isinstance(v, exp.Null)]
    return all(is_narrow(v, kinds, columns) for v in present)


def counted(e: Expression) -> Expression | None:
    """Returns the condition of ``sum(case when … then 1 else 0 end)``, or None."""
    if not (
        isinstance(e, exp.Sum) and isinstance(e.this, exp.Case) and len(e.this.args["ifs"]) == 1
    ):
        return None
    (branch,) = e.this.args["ifs"]
    one_or_nothing = branch.args["true"], e.this.args.get("default")
    condition: Expression = branch.this
    return condition if one_or_nothing == _ONE_OR_NOTHING else None


class NarrowColumns:
    """Finds the columns of a plan's nodes that have fewer than 64 bits, or are unsigned.

    ``kinds`` are the functions with such results.
    """

    def __init__(self, kinds: Kinds) -> None:
        self.kinds = kinds
        self._found: dict[Node, frozenset[str]] = {}

    def narrow(self, *nodes: Node) -> frozenset[str]:
        """Returns the names of the nodes' columns that have fewer than 64 bits, or are unsigned."""
        return frozenset().union(*(self._of(node) for node in nodes))

    def _of(self, node: Node) -> frozenset[str]:
        if node not in self._found:
            self._found[node] = self._narrow(node)
        return self._found[node]

    def _narrow(self, node: Node) -> frozenset[str]:
        inputs = self.narrow(*node.inputs)
        match node:
            case Scan() | Values() | Union():  # the inputs of a union are widened
                return frozenset()
            case Project(items=items):
                return frozenset(name for name, e in items if is_narrow(e, self.kinds, inputs))
            case Aggregate(keys=keys, aggregates=aggregates):
                items = (*keys, *aggregates)
                return frozenset(name for name, e in items if is_narrow(e, self.kinds, inputs))
            case Window(functions=functions):
                return inputs | {name for name, e in functions if is_narrow(e, self.kinds, inputs)}
            case Join(kind="semi" | "anti", left=left):
                return self._of(left)
        return inputs
