"""Finds the columns that an expression reads, and replaces them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from sqlglot import exp

from harness.plan.facts.typed import Expression


def columns_of(expression: Expression) -> Iterator[exp.Column]:
    """Yields every column of an expression, each as often as it occurs."""
    waiting = [expression]
    while waiting:
        part = waiting.pop()
        if isinstance(part, exp.Column):
            yield part
            continue
        for value in part.args.values():
            if isinstance(value, Expression):
                waiting.append(value)
            elif isinstance(value, list):
                waiting += [v for v in value if isinstance(v, Expression)]


def reads_columns(expression: Expression) -> bool:
    """True if an expression contains a column."""
    return next(columns_of(expression), None) is not None


def with_columns(
    expression: Expression, value: Callable[[exp.Column], Expression | None]
) -> Expression:
    """Returns a copy of an expression with its columns replaced.

    ``value`` maps a column to the expression that replaces it, or to None to leave it.
    """
    copy = expression.copy()
    for column in list(columns_of(copy)):
        other = value(column)
        if other is not None and column is copy:
            return other
        if other is not None:
            column.replace(other)
    return copy


def repeated(names: Sequence[str]) -> str | None:
    """Returns the first name that occurs more than once, or None."""
    return next((name for name, count in Counter(names).items() if count > 1), None)


def fresh(wanted: str, taken: set[str]) -> str:
    """Returns the wanted name, numbered if it is taken: ``fresh("x", {"x", "x_2"}) = "x_3"``."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name
