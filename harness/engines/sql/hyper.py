"""Hyper, the engine of Tableau, through its own API: a server process on a local socket."""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres as Dialect

from harness.engines.sql import clients, gaps, rules, spellings
from harness.engines.sql.base import SqlEngine
from harness.plan.guards.nan_uses import Use
from harness.plan.guards.special_uses import FULL_CASE, ROUNDED, Differing


class Hyper(SqlEngine):
    name, label, colour, clients = "hyper", "Hyper", "#c72035", clients.HYPER
    distribution = module = "tableauhyperapi"
    session = "harness.engines.sql.sessions.hyper:HyperSession"
    gaps, rules, by_default = gaps.HYPER, rules.HYPER, False
    nan_differs: ClassVar[frozenset[Use]] = frozenset({Use.SPREAD})
    special_differs: ClassVar[Differing] = {**FULL_CASE, exp.Round: ROUNDED}
    dialect = spellings.dialect(Dialect, spellings.HYPER)
