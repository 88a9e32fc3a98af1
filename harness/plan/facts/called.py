"""Names of SQL's parts, for messages about what is missing."""

from __future__ import annotations

import re

from sqlglot import exp

from harness.plan.facts.printing import Expression, in_sql

_PARTS: dict[type[Expression], str] = {
    exp.Array: "a list",
    exp.ApproxQuantile: "the function APPROX_QUANTILE",
    exp.ByteString: "a text with escapes, as e'…', that is a key",
    exp.Collate: "COLLATE",
    exp.DataType: "a type",
    exp.Escape: "LIKE with ESCAPE",
    exp.Exists: "EXISTS in this place",
    exp.Grouping: "GROUPING without grouping sets",
    exp.Map: "a map",
    exp.Order: "ORDER BY in a function",
    exp.Struct: "a struct",
    exp.Subquery: "a subquery in this place",
    exp.TableColumn: "a table's name for a whole row",
    exp.Tuple: "a row of values",
}
_CLAUSES: dict[tuple[type[Expression], str], str] = {
    (exp.DataType, "expressions"): "a type with arguments",
    (exp.DataType, "kind"): "a cast to this type",
    (exp.In, "field"): "IN without parentheses",
    (exp.With, "recursive"): "WITH RECURSIVE",
    (exp.Limit, "limit_options"): "a LIMIT in percent",
    (exp.Select, "kind"): "SELECT AS",
    (exp.Subquery, "joins"): "joins in parentheses",
    (exp.Subquery, "pivots"): "PIVOT",
    (exp.Table, "joins"): "a join on the right side of another, unless both are inner, with ON",
    (exp.Table, "pivots"): "PIVOT",
    (exp.Subquery, "order"): "ORDER BY behind parentheses",
    (exp.Subquery, "limit"): "LIMIT behind parentheses",
    (exp.Subquery, "offset"): "OFFSET behind parentheses",
    (exp.Subquery, "with_"): "WITH before parentheses",
}
_OF_UNITS = ("DATE_DIFF", "DATEDIFF", "DATE_PART", "DATEPART", "DATE_TRUNC", "DATETRUNC")


def called(e: Expression) -> str:
    """Returns what SQL calls an expression: ``the function ATAN2``, ``AT TIME ZONE``."""
    if type(e) in _PARTS:
        return _PARTS[type(e)]
    name = in_sql(e).partition("(")[0]
    if isinstance(e, exp.Anonymous) and name in _OF_UNITS:
        return "a unit of time that is not a constant"
    if isinstance(e, exp.Func) and name.isidentifier():
        return f"the function {name}"
    return re.sub("(?<=[a-z])(?=[A-Z])", " ", type(e).__name__).upper()


def called_clause(e: Expression, argument: str) -> str:
    """Returns what SQL calls a clause of ``e`` that sqlglot keeps as its argument ``argument``.

    Unless it has a better name, that is ``QUALIFY of SELECT`` for the argument ``qualify``.
    """
    words = argument.strip("_").replace("_", " ")
    return _CLAUSES.get((type(e), argument), f"{words.upper()} of {called(e)}")
