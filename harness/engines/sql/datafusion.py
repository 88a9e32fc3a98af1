"""DataFusion: SQL over Arrow, in its own dialect of PostgreSQL's."""

from __future__ import annotations

import re
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres

from harness.engines.sql import clients, gaps, spellings
from harness.engines.sql.base import SqlEngine
from harness.engines.sql.rules import DATAFUSION
from harness.plan.guards.special_uses import FULL_CASE, Differing
from harness.special import Special


class DataFusion(SqlEngine):
    name = distribution = module = "datafusion"
    label = "DataFusion"
    colour = "#a4243b"
    optional: ClassVar[bool] = True
    hands_over = "the columns of execute_stream's batches, as NumPy arrays"
    clients = clients.DATAFUSION
    session = "harness.engines.sql.sessions.datafusion:DataFusionSession"
    gaps, rules = gaps.DATAFUSION, DATAFUSION
    special_differs: ClassVar[Differing] = {
        **FULL_CASE,
        **dict.fromkeys((exp.Sum, exp.Avg), frozenset({Special.INFINITE})),
        **dict.fromkeys((exp.Min, exp.Max), frozenset({Special.INFINITE, Special.DIVIDED})),
        **dict.fromkeys((exp.IntDiv, exp.Mod), frozenset({Special.LEAST})),
        exp.Round: frozenset({Special.LARGE}),
    }
    dialect = spellings.dialect(Postgres, spellings.DATAFUSION)
    adds = re.compile(r"(NaN|Timestamp\(Microsecond, None\))?")
