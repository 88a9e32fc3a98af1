"""Functions of DuckDB that are written out in others, as a macro is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import sqlglot
from sqlglot import exp

from harness.plan.facts.typed import Expression
from harness.plan.sql.dialect import Written

_START = "timestamp '1970-01-01 00:00:00'"
_ISO_YEAR = "extract(year from date_trunc('week', a) + interval 3 day)"
_BODIES = {
    "century": "(extract(year from a) - 1) // 100 + 1",
    "decade": "extract(year from a) // 10",
    "epoch": f"date_diff('microsecond', {_START}, a) / 1000000",
    "epoch of a difference": "date_diff('microsecond', b, a) / 1000000",
    "epoch_us": f"date_diff('microsecond', {_START}, a)",
    "fsum": "sum(cast(a as double))",
    "geomean": "exp(avg(ln(a)))",
    "geometric_mean": "exp(avg(ln(a)))",
    "isoyear": _ISO_YEAR,
    "kahan_sum": "sum(cast(a as double))",
    **dict.fromkeys(
        ("microsecond", "microseconds"), "date_diff('microsecond', date_trunc('minute', a), a)"
    ),
    **dict.fromkeys(
        ("millisecond", "milliseconds"),
        "date_diff('microsecond', date_trunc('minute', a), a) // 1000",
    ),
    "sem": "stddev_pop(a) / sqrt(count(a))",
    "sumkahan": "sum(cast(a as double))",
    "trunc": "sign(a) * floor(abs(a))",
    "yearweek": f"{_ISO_YEAR} * 100 + extract(week from a)",
}
"""A function, or a part of a date -> SQL for it; its argument is a, or a less b.

An ISO year is that of the week's Thursday.
"""


def expanded(name: str, arguments: Sequence[Expression]) -> Expression | None:
    """Returns the expression that a function of these arguments stands for, or None."""
    if len(arguments) != 1:
        return None
    body, values = _BODIES.get(name.lower()), {"a": arguments[0]}
    of_two, two = _BODIES.get(f"{name.lower()} of a difference"), arguments[0].unnest()
    if of_two and isinstance(two, exp.Sub) and not isinstance(two.expression, exp.Interval):
        body, values = of_two, {"a": two.this, "b": two.expression}
    if body is None:
        return None
    made = exp.paren(_parsed(body).copy())
    for column in list(made.find_all(exp.Column)):
        column.replace(values[column.name].copy())
    return made


@cache
def _parsed(body: str) -> Expression:
    return sqlglot.parse_one(body, read=Written)
