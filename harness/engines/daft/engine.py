"""Daft's engine, in an environment of its own, since it allows no PyArrow as new as ours."""

from __future__ import annotations

import re
from typing import ClassVar

from sqlglot import exp

from harness.engines.daft.gaps import DAFT_GAPS
from harness.engines.daft.program import DaftProgram
from harness.engines.own_environment import InOwnEnvironment
from harness.engines.python.program import PythonEngine
from harness.machine.variables import DAFT
from harness.plan.guards.nan_uses import Use
from harness.plan.guards.special_uses import FULL_CASE, Differing
from harness.special import Special


class Daft(InOwnEnvironment, PythonEngine):
    name = "daft"
    distribution = module = "daft"
    label = "Daft"
    colour = "#c2185b"
    by_default: ClassVar[bool] = False
    requires = ("daft==0.7.*",)
    emitter = DaftProgram
    session = "harness.engines.daft.session:DaftSession"
    variables: ClassVar[tuple[str, ...]] = DAFT
    recomputes: ClassVar[bool] = True
    gaps = DAFT_GAPS
    names_differ = re.compile(r"(.*\.)?\*", re.DOTALL)  # all columns, or all fields of one
    nan_differs: ClassVar[frozenset[Use]] = frozenset(set(Use) - {Use.MISSING, Use.SUMMED})
    """It orders NaN by its sign, which that of 0 / 0 has and that of a table has not."""
    special_differs: ClassVar[Differing] = {
        **FULL_CASE,
        exp.Trim: frozenset({Special.SPACE, Special.BREAK}),
        exp.Round: frozenset({Special.LARGE}),
        exp.IntDiv: frozenset({Special.LEAST}),
        exp.Mod: frozenset({Special.LEAST}),
    }
    note = "A query engine in Rust for tables and media; here its DataFrame API on one machine."

    def environment(self, threads: int) -> dict[str, str]:
        quiet = {"DAFT_ANALYTICS_ENABLED": "0", "DAFT_PROGRESS_BAR": "0"}
        return {**super().environment(threads), **quiet}
