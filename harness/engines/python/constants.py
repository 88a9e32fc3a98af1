"""The Python text of rows of constants."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from harness.engines.python.kernel import quoted
from harness.plan.tree.nodes import Value, Values


def constant(value: Value | tuple[Value, ...]) -> str:
    """Returns the Python text of a value or a row: ``"a"``, ``(1, date(2020, 1, 31))``."""
    if isinstance(value, tuple):
        return f"({', '.join(map(constant, value))}{',' * (len(value) == 1)})"
    if isinstance(value, datetime.datetime):
        parts = (value.year, value.month, value.day, value.hour, value.minute, value.second)
        more = (value.microsecond,) if value.microsecond else ()
        return f"datetime({', '.join(map(str, (*parts, *more)))})"
    if isinstance(value, datetime.date):
        return f"date({value.year}, {value.month}, {value.day})"
    return quoted(value) if isinstance(value, str) else repr(value)


def lists(node: Values) -> dict[str, str]:
    """Maps the names of columns to the Python text of the list of their values: ``[1, None]``."""
    columns = zip(node.names, zip(*node.rows, strict=True), strict=True)
    return {name: f"[{', '.join(map(constant, values))}]" for name, values in columns}


def of_columns(texts: Mapping[str, str]) -> str:
    """Returns the text of a dict from names to texts: ``{"a": [1, 2]}``."""
    return f"{{{', '.join(f'{quoted(name)}: {text}' for name, text in texts.items())}}}"
