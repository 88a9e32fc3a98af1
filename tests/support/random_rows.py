"""Hypothesis strategies for rows of small tables, l and r.

Floats are sums of powers of two, so that rounding to different last digits cannot decide a
comparison.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from tests.support.in_process import Value

LEFT = {
    "id": "int64", "k": "int64", "i": "int64", "x": "float64", "s": "string", "d": "date",
    "b": "boolean",
}  # fmt: skip
RIGHT = {"rk": "int64", "m": "int64", "z": "float64", "w": "string", "e": "date", "c": "boolean"}
DATES = [datetime.date(2020, 1, 31), datetime.date(2020, 2, 29), datetime.date(1969, 12, 31)]
VALUES: dict[str, list[Value]] = {
    "int64": [0, 1, 2, -1, 3, -7, 100],
    "float64": [0.0, 1.5, -0.5, 2.0, -2.5, -0.0, 100.125],
    "string": ["", "a", "ab", "B", "a b ", "é", "%a_"],
    "date": [*DATES],
    "boolean": [True, False],
}
ENDS: dict[str, list[Value]] = {
    **VALUES,
    "int64": [*VALUES["int64"], 2**53 + 1, 2**62, 2**63 - 1, -(2**63)],
    "float64": [*VALUES["float64"], float("inf"), float("-inf"), 1e17, 1e300],
}
"""With numbers at the ends of their types."""
Row = tuple[Value, ...]


def rows(
    types: Mapping[str, str], values: Mapping[str, Sequence[Value]]
) -> st.SearchStrategy[tuple[Row, ...]]:
    """Returns a strategy for tuples of up to six rows; a column may have NULLs, or has none.

    ``types`` are the columns' types by name; ``values`` holds the values to choose from, by type.
    """
    dense = [st.sampled_from(values[kind]) for kind in types.values()]
    sparse = [st.none() | some for some in dense]
    columns = st.tuples(*(st.sampled_from(pair) for pair in zip(dense, sparse, strict=True)))
    return columns.flatmap(lambda chosen: st.lists(st.tuples(*chosen), max_size=6).map(tuple))
