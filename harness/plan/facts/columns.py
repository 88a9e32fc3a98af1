"""The columns that an expression reads, and the expression with something else in their place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from sqlglot import exp

from harness.plan.facts.typed import Expression


def columns_of(expression: Expression) -> Iterator[exp.Column]:
    """Every column of an expression, as often as it is there."""
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
    """Whether there is a column in an expression."""
    return next(columns_of(expression), None) is not None


def with_columns(
    expression: Expression, value: Callable[[exp.Column], Expression | None]
) -> Expression:
    """A copy of an expression, what ``value`` gives for a column in the place of that column.

    A column for which it gives None stays.
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
    """The first name that is there more than once."""
    return next((name for name, count in Counter(names).items() if count > 1), None)


def fresh(wanted: str, taken: set[str]) -> str:
    """The wanted name, or the first of ``name_2``, ``name_3`` … that is not taken."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name
