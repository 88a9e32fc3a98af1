"""chDB: ClickHouse's engine inside the process, through its ADBC driver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sqlglot.dialects.clickhouse import ClickHouse

from harness.engines.session import Program
from harness.engines.sql import clients, gaps, rules, spellings
from harness.engines.sql.base import SqlEngine
from harness.engines.sql.chdb_spellings import ADDED, CHDB, DIFFERING, TYPES
from harness.plan import CompiledQuery
from harness.tables import Input, Table
from harness.types import Type


class Chdb(SqlEngine):
    name = module = distribution = "chdb"
    label, colour = "chDB", "#faaa1e"
    by_default: ClassVar[bool] = False
    session = "harness.engines.sql.sessions.chdb:ChdbSession"
    clients, gaps, rules = clients.CHDB, gaps.CHDB, rules.CHDB
    dialect, adds, special_differs = spellings.dialect(ClickHouse, CHDB, TYPES), ADDED, DIFFERING

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        if query.write and Type.TIMESTAMP in {column.type for column in query.spec.schema}:
            raise self.lacks().unsupported(gaps.TIMES_IN_FILES)
        return super().compile(query, tables, source)
