"""Expressions -> the special characters that their text may hold."""

from __future__ import annotations

from sqlglot import exp

from harness.characters import Specials, specials, together
from harness.plan.typing import Expression
from harness.types import Schema


def specials_of(e: Expression, schema: Schema) -> Specials:
    """The special characters of the columns and constants that an expression is made of."""
    columns = {column.name: column.special for column in schema if column.special}
    constants = specials("".join(x.name for x in e.find_all(exp.Literal) if x.is_string))
    if not columns:
        return constants
    return together(constants, *(columns.get(c.name, ()) for c in e.find_all(exp.Column)))
