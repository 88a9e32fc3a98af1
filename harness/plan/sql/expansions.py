"""Functions of DuckDB that are written out in others, as a macro is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import sqlglot
from sqlglot import exp

from harness.plan.facts.typed import Expression
from harness.plan.sql.dialect import Written

_ISO_YEAR = "extract(year from date_trunc('week', a) + interval 3 day)"
_BODIES = {
    "century": "(extract(year from a) - 1) // 100 + 1",
    "decade": "extract(year from a) // 10",
    "fsum": "sum(cast(a as double))",
    "geomean": "exp(avg(ln(a)))",
    "geometric_mean": "exp(avg(ln(a)))",
    "isoyear": _ISO_YEAR,
    "kahan_sum": "sum(cast(a as double))",
    "sem": "stddev_pop(a) / sqrt(count(a))",
    "sumkahan": "sum(cast(a as double))",
    "trunc": "sign(a) * floor(abs(a))",
    "yearweek": f"{_ISO_YEAR} * 100 + extract(week from a)",
}
"""A function, or a part of a date -> SQL for it; its argument is a.

An ISO year is that of the week's Thursday.
"""


def expanded(name: str, arguments: Sequence[Expression]) -> Expression | None:
    """Returns the expression that a function of these arguments stands for, or None."""
    body = _BODIES.get(name.lower())
    if body is None or len(arguments) != 1:
        return None
    made = exp.paren(_parsed(body).copy())
    for column in list(made.find_all(exp.Column)):
        column.replace(arguments[0].copy())
    return made


@cache
def _parsed(body: str) -> Expression:
    return sqlglot.parse_one(body, read=Written)
