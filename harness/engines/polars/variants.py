"""Polars with other settings, and without the optimizer of plans."""

from __future__ import annotations

from typing import ClassVar

from harness.engines.polars.engine import Polars


class PolarsAsWritten(Polars):
    name = "polars-as-written"
    label = "Polars as written"
    colour = "#003f8a"
    by_default: ClassVar[bool] = False
    as_written: ClassVar[bool] = True
    note = (
        "Whole tables are joined in FROM order and filtered after the last join, as the SQL is "
        "written; no column is left out early. What makes it fast is Polars' own optimizer."
    )


class PolarsInMemory(Polars):
    name = "polars-in-memory"
    label = "Polars in-memory"
    colour = "#6c5ce7"
    by_default: ClassVar[bool] = False
    by_variables: ClassVar[bool] = True
    note = "Polars' in-memory engine; since Polars 2.0 the default is the streaming one."

    def environment(self, threads: int) -> dict[str, str]:
        return {**super().environment(threads), "POLARS_ENGINE_AFFINITY": "in-memory"}


class PolarsOutOfCore(Polars):
    name = "polars-ooc"
    session = "harness.engines.polars.session:PolarsOutOfCoreSession"
    label = "Polars out of core"
    colour = "#0e9aa7"
    by_default: ClassVar[bool] = False
    by_variables: ClassVar[bool] = True
    note = (
        "Polars' streaming engine, which moves to the disk what takes more than half of "
        "`--memory-limit`."
    )
