"""The types of expressions, and their names in SQL."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.facts.printing import in_sql
from harness.types import Column, Type

Expression = exp.Expr
"""sqlglot's base class of all expressions."""

_SQL_TYPES = {
    "BOOLEAN": Type.BOOLEAN,
    "TINYINT": Type.INT64,
    "SMALLINT": Type.INT64,
    "INT": Type.INT64,
    "BIGINT": Type.INT64,
    "FLOAT": Type.FLOAT64,
    "DOUBLE": Type.FLOAT64,
    "TEXT": Type.STRING,
    "VARCHAR": Type.STRING,
    "DATE": Type.DATE,
    "TIMESTAMP": Type.TIMESTAMP,
    "TIMESTAMPNTZ": Type.TIMESTAMP,
    "DATETIME": Type.TIMESTAMP,
}

_MOMENTS = {
    Type.DATE: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    Type.TIMESTAMP: re.compile(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?)?"
    ),
}
"""How dates and timestamps are written in constants (:mod:`harness.plan.sql.constants`)."""
_WIDEST = {Type.INT64: "BIGINT", Type.FLOAT64: "DOUBLE"}


@dataclass(frozen=True)
class Typed:
    """An expression's type, and whether it can be NULL.

    ``type`` is None for a bare NULL: one that is not cast to a type.
    """

    type: Type | None
    nullable: bool

    def named(self, name: str) -> Column:
        if self.type is None:
            raise Unsupported("a column of NULLs has no type; cast it", f"null as {name}")
        return Column(name, self.type, self.nullable)


def sql_type(data_type: Expression) -> Type:
    """Returns the plan's type for a type named in SQL; raises Unsupported if there is none."""
    name = data_type.this.name if isinstance(data_type, exp.DataType) else str(data_type)
    if name in _SQL_TYPES:
        return _SQL_TYPES[name]
    raise Unsupported("a cast to this type", in_sql(data_type))


def cast_to(e: Expression, target: Type) -> Expression:
    """Returns a cast of an expression to a type of the plan."""
    name = next(name for name, known in _SQL_TYPES.items() if known is target)
    return exp.Cast(this=e, to=exp.DataType.build(_WIDEST.get(target, name)))


def is_read(text: str, kind: Type) -> bool:
    """True if a text constant is spelled as the plan spells values of a type.

    For a date ``2020-01-31`` is, ``2020-1-31`` is not. Other texts that DuckDB reads as this type
    have been replaced before (:mod:`harness.plan.sql.constants`).
    """
    try:
        if kind in _MOMENTS:
            datetime.datetime.fromisoformat(text)
            return _MOMENTS[kind].fullmatch(text) is not None
        if kind is Type.FLOAT64:
            float(text)
    except ValueError:
        return False
    return kind in (Type.FLOAT64, Type.STRING)
