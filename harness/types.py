"""The types that a column can have, the same for every engine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.special import Specials


class Type(StrEnum):
    """A column's type. Integers and floats have 64 bits; timestamps count microseconds.

    A decimal has 15 digits, two of them after the point; only generated money may be one.
    """

    BOOLEAN = "boolean"
    INT64 = "int64"
    FLOAT64 = "float64"
    DECIMAL = "decimal"
    STRING = "string"
    DATE = "date"
    TIMESTAMP = "timestamp"

    @property
    def numeric(self) -> bool:
        return self in (Type.INT64, Type.FLOAT64)

    @property
    def has_specials(self) -> bool:
        """Whether libraries treat some values of this type differently (``harness.special``)."""
        return self is Type.STRING or self.numeric

    @property
    def sql(self) -> str:
        """The type's name in DuckDB's SQL."""
        return _SQL_NAMES[self]

    @property
    def temporal(self) -> bool:
        return self in (Type.DATE, Type.TIMESTAMP)


_SQL_NAMES = {
    Type.BOOLEAN: "BOOLEAN",
    Type.INT64: "BIGINT",
    Type.FLOAT64: "DOUBLE",
    Type.DECIMAL: "DECIMAL(15, 2)",
    Type.STRING: "VARCHAR",
    Type.DATE: "DATE",
    Type.TIMESTAMP: "TIMESTAMP",
}


@dataclass(frozen=True)
class Column:
    """A column of a table or of a plan node's result.

    ``nan``: whether a float may be NaN (never in a table). ``nonzero``: True if no number in the
    column is 0. ``special``: the special values that the column may hold.
    """

    name: str
    type: Type
    nullable: bool = True
    nan: bool = False
    nonzero: bool = False
    special: Specials = ()

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a column needs a name")

    def __str__(self) -> str:
        return f"{self.name} {self.type}{'' if self.nullable else ' not null'}"


Schema = tuple[Column, ...]
