"""pandas without the optimizer: the steps of the SQL, in the order in which it has them."""

from __future__ import annotations

from typing import ClassVar

from harness.engines.pandas.engine import Pandas


class PandasAsWritten(Pandas):
    name = "pandas-as-written"
    label = "pandas as written"
    colour = "#8f0a58"
    by_default: ClassVar[bool] = False
    as_written: ClassVar[bool] = True
    note = (
        "Whole tables are joined in FROM order and filtered after the last join, as the SQL is "
        "written; no column is left out early. The difference to pandas is what planning by hand "
        "brings."
    )
