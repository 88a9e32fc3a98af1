"""Polars' SQL: its own dialect of PostgreSQL's, through ``SQLContext``.

No plan runs that scans a file other than the tables'.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres

from harness.engines.base import Program
from harness.engines.polars.engine import Polars
from harness.engines.sql.base import SqlEngine, SqlSession
from harness.engines.sql.gaps import POLARS_SQL
from harness.engines.sql.rules import RULES, kind, no_length_below_zero
from harness.engines.sql.spellings import SHARED, by_unit, half_away, rounding_cast, spelt
from harness.errors import WorkloadError
from harness.plan.facts.printing import Expression
from harness.plan.guards.nan_uses import Use
from harness.plan.guards.special_uses import Differing
from harness.special import Special
from harness.tables import Input, Table

if TYPE_CHECKING:
    import pyarrow as pa

_DAYS = "(CAST(CAST({1} AS INT) AS BIGINT) - CAST(CAST({0} AS INT) AS BIGINT))"


def quotient(printer: Any, e: Expression) -> str:
    """``a / b``; Polars multiplies by 1 / b, which is seen where whole numbers are tenths."""
    text = f"{printer.sql(e, 'this')} / {printer.sql(e, 'expression')}"
    whole = isinstance(e.this, exp.Cast) and kind(e.this.this) == "BIGINT"
    digits = e.expression.name
    if whole and e.expression.is_int and digits == "1" + "0" * (len(digits) - 1):
        return f"ROUND({text}, {len(digits) - 1})"
    return text


def logarithm(printer: Any, e: Expression) -> str:
    """``log(2, x)``: Polars has the bases in its functions' names."""
    if e.this.name not in ("2", "10"):
        printer.unsupported("this base of a logarithm")
    return f"LOG{e.this.name}({printer.sql(e, 'expression')})"


class PolarsDialect(Postgres):
    """What Polars says otherwise than PostgreSQL."""

    class Generator(Postgres.Generator):  # type: ignore[misc, valid-type]
        TRY_SUPPORTED = True
        TRANSFORMS: ClassVar[dict[Any, Any]] = {
            **Postgres.Generator.TRANSFORMS,
            **SHARED,
            exp.Cast: rounding_cast("ROUND({0})"),
            exp.DateDiff: by_unit(_DAYS),
            exp.Extract: spelt("CAST(EXTRACT({this} FROM {expression}) AS BIGINT)"),
            exp.Div: quotient,
            exp.Length: spelt("CAST(CHAR_LENGTH({this}) AS BIGINT)"),
            exp.Log: logarithm,
            exp.PercentileCont: spelt("QUANTILE_CONT({this}, {expression})"),
            exp.PercentileDisc: spelt("QUANTILE_DISC({this}, {expression})"),
            exp.Pow: spelt("POWER(CAST({this} AS DOUBLE PRECISION), {expression})"),
            exp.Round: half_away,
            exp.TimeToStr: spelt("STRFTIME(CAST({this} AS TIMESTAMP), {format})"),
        }


class PolarsSqlSession(SqlSession):
    """Tables are LazyFrames of one context; a query is collected by Polars' default engine."""

    def __init__(self, threads: int = 1) -> None:
        import polars as pl

        super().__init__(threads)
        self.pl = pl
        self.tables: dict[str, Any] = {}
        self.scans: set[str] = set()

    def load(self, table: Table) -> None:
        self.tables[table.name] = self.pl.read_parquet(list(table.parquet)).lazy()

    def scan(self, table: Table, source: Input) -> None:
        files = [str(path) for path in table.files(source)]
        if source is Input.PARQUET:
            scanned = self.pl.scan_parquet(files)
        else:
            scanned = self.pl.scan_csv(
                files,
                schema=dict(self.pl.scan_parquet(list(table.parquet)).collect_schema()),
                null_values=list(table.csv_format.null_values),
                separator=table.csv_format.delimiter,
            )
        self.tables[table.name] = scanned
        self.scans |= set(scans(scanned.explain(optimized=False)))

    def prepare(self, program: Program) -> None:
        """Raises WorkloadError where the program would scan other files than the tables'."""
        super().prepare(program)
        with self.lacking_as_unsupported():
            plan = self.frame(self.sql).explain(optimized=False)
        refuse_other_scans(plan, self.scans)

    def frame(self, sql: str) -> Any:
        return self.pl.SQLContext(self.tables).execute(sql)

    def execute(self, sql: str) -> Any:
        return self.frame(sql).collect()

    def write(self, sql: str, path: str) -> None:
        self.frame(sql).sink_parquet(path)

    def to_arrow(self, result: Any) -> pa.Table:
        return result.to_arrow()

    def rows(self, result: Any) -> int:
        return int(result.height)


def refuse_other_scans(plan: str, known: Collection[str]) -> None:
    """Raises WorkloadError where a plan, as Polars explains it, scans anything else."""
    for scanned in scans(plan):
        if scanned not in known:
            raise WorkloadError(f"a query reads the tables that its file declares, not {scanned}")


def scans(plan: str) -> list[str]:
    """The files that a plan scans: of each scan the first, and how many others there are."""
    return re.findall(r"SCAN (.*)", plan)


class PolarsSql(SqlEngine):
    name = "polars-sql"
    label = "Polars SQL"
    colour = "#48cae4"
    distribution = "polars"
    module = "polars"
    variables = Polars.variables
    by_default: ClassVar[bool] = False  # the same engine as polars, by another door
    oldest: ClassVar[Mapping[str, str]] = {"polars": "2.0"}
    """Before it, remainders, ranks, windows and correlated subqueries answered otherwise."""
    dialect = PolarsDialect
    nan_differs = frozenset(Use)
    special_differs: ClassVar[Differing] = {
        **Polars.special_differs,
        exp.IntDiv: frozenset({Special.LEAST, Special.BEYOND}),
        exp.Round: frozenset({Special.LEAST, Special.LARGE}),
    }
    gaps = POLARS_SQL
    session = PolarsSqlSession
    rules = (*RULES, no_length_below_zero)

    def environment(self, threads: int) -> dict[str, str]:
        return {**super().environment(threads), "POLARS_MAX_THREADS": str(threads)}
