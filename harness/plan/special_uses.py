"""A plan -> what it asks of texts with special characters, where libraries have other rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from harness.characters import Special
from harness.errors import Unsupported
from harness.plan.nodes import Aggregate, Expression, Filter, Join, Node, Project, Window, walk
from harness.plan.special import specials_of
from harness.plan.sql import in_sql

Differing = Mapping[type[Expression], frozenset[Special]]
"""Functions of text -> the special characters with which they differ from DuckDB's."""

BY_CODE_POINT: Differing = {
    exp.Upper: frozenset({Special.NEW}),
    exp.Lower: frozenset({Special.NEW}),
    exp.ILike: frozenset({Special.FOLDED, Special.NEW}),
    exp.Trim: frozenset({Special.SPACE}),
    exp.Reverse: frozenset({Special.JOINED, Special.NEW}),
}
"""Of a library that takes each code point by itself, and has a newer Unicode than DuckDB."""

FULL_CASE: Differing = {
    **BY_CODE_POINT,
    exp.Upper: frozenset({Special.UPPER, Special.NEW}),
    exp.Lower: frozenset({Special.LOWER, Special.NEW}),
}
"""Of one whose upper and lower case of a character can be several."""


def refuse_special(plan: Node, differing: Differing, label: str) -> None:
    """Raises Unsupported where a library does otherwise with the special characters of a plan."""
    for node in walk(plan):
        schema = tuple(column for source in node.inputs for column in source.schema)
        for e in _expressions(node):
            for function in e.find_all(*differing):
                kinds = differing[type(function)]
                found = [kind for kind in specials_of(function, schema) if kind in kinds]
                if found and not _is_trim_of_characters(function):
                    what = f"this function of a text {found[0]}"
                    raise Unsupported(f"{label} cannot: {what}", in_sql(function))


def _expressions(node: Node) -> Iterator[Expression]:
    match node:
        case Filter():
            yield node.condition
        case Project():
            yield from (e for _, e in node.items)
        case Aggregate():
            yield from (e for _, e in (*node.keys, *node.aggregates))
        case Window():
            yield from (e for _, e in node.functions)
        case Join() if node.residual is not None:
            yield node.residual


def _is_trim_of_characters(e: Expression) -> bool:
    return isinstance(e, exp.Trim) and e.args.get("expression") is not None
