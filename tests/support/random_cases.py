"""Hypothesis strategies for cases: random tables, and queries of every shape over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from hypothesis import strategies as st

from tests.support.in_process import Value, arrow_table
from tests.support.random_names import Names, Sources, Windows
from tests.support.random_nested import Nested, Sets
from tests.support.random_numbers import Casts, Constants, Decimals
from tests.support.random_rows import LEFT, RIGHT, VALUES, Row, rows
from tests.support.random_shapes import Shapes
from tests.support.random_sql import Writer


@dataclass(frozen=True)
class Case:
    """Rows of the two tables l and r, and queries over them."""

    left: tuple[Row, ...]
    right: tuple[Row, ...]
    queries: tuple[str, ...]

    @property
    def tables(self) -> dict[str, pa.Table]:
        return {"l": arrow_table(LEFT, self.left), "r": arrow_table(RIGHT, self.right)}


def cases(values: Mapping[str, list[Value]] = VALUES) -> st.SearchStrategy[Case]:
    """Returns a strategy for Cases; ``values`` holds, by type, the values that rows may have."""
    few = st.lists(queries(), min_size=1, max_size=5, unique=True).map(tuple)
    return st.builds(Case, rows(LEFT, values), rows(RIGHT, values), few)


@st.composite
def queries(draw: st.DrawFn) -> str:
    """A strategy for the SQL of a query over l and r, of any form that the writers have."""
    write = Writer(draw)
    return write.either(
        *(write.plain, write.grouped, write.total, write.windowed, write.filtered, write.united),
        *(write.divided, Nested(draw).nested, Sets(draw).sets, Decimals(draw).decimals),
        *(Constants(draw).constants, Casts(draw).casts, Names(draw).named, Sources(draw).sourced),
        *(Windows(draw).ordered, Shapes(draw).shaped),
    )()
