"""Emits expressions over a DataFrame's columns for PySpark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sqlglot import exp

from harness.engines.pyspark.dates import SparkDates
from harness.engines.pyspark.tables import quoted as in_backquotes
from harness.engines.pyspark.text import SparkText
from harness.engines.pyspark.values import TYPES
from harness.engines.python.gaps import OTHER_DISTINCT
from harness.engines.python.kernel import ATOM, Code, quoted
from harness.plan.facts.columns import fresh
from harness.plan.facts.kinds import has_no_fraction
from harness.plan.facts.nan import never_zero
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typed import sql_type
from harness.plan.tree.nodes import Expression
from harness.types import Type

_AGGREGATES: dict[type[Expression], str] = {
    exp.Sum: "sum",
    exp.Avg: "avg",
    exp.Min: "min",
    exp.Max: "max",
    exp.Median: "median",
    exp.StddevSamp: "stddev",
    exp.StddevPop: "stddev_pop",
    exp.Variance: "variance",
    exp.VariancePop: "var_pop",
}


class SparkExpressions(SparkText, SparkDates):
    """Emits expressions with ``F.col``; adds types, numbers and aggregates to its base classes."""

    spellings: ClassVar[Mapping[str, str]] = {
        **SparkText.text_spellings,
        **SparkDates.date_spellings,
        "Abs": "F.abs({value})",
        "Acos": "F.acos({value})",
        "Asin": "F.asin({value})",
        "Atan": "F.atan({value})",
        "Atan2": "F.atan2({value}, {across})",
        "Ceil": 'F.ceil({value}).cast("double")',
        "Cos": "F.cos({value})",
        "Degrees": "F.degrees({value})",
        "Exp": "F.exp({value})",
        "Floor": 'F.floor({value}).cast("double")',
        "Pow": "F.pow({value}, {exponent})",
        "Radians": "F.radians({value})",
        "Sign": 'F.signum({value}).cast("long")',
        "Sin": "F.sin({value})",
        "Sqrt": "F.sqrt({value})",
        "Tan": "F.tan({value})",
    }
    over = ""
    """The call that makes an aggregate one of a window: ``.over(window)``."""

    def cast(self, e: Expression) -> Code:
        return self.date_literal(e) or self._cast(e, "cast")

    def try_cast(self, e: Expression) -> Code:
        return self._cast(e, "try_cast")

    def _cast(self, e: Expression, method: str) -> Code:
        source, target = self.type(e.this), sql_type(e.args["to"])
        if target is Type.DATE and isinstance(e.this, exp.TimestampTrunc):
            return self.truncated_date(e.this)
        if target is Type.STRING and source in (Type.FLOAT64, Type.TIMESTAMP):
            raise self.gaps.unsupported(f"a {source} as a text", in_sql(e))
        value = self.operand(e.this, ATOM)
        if source is Type.FLOAT64 and target is Type.INT64 and not has_no_fraction(e.this):
            value = f"F.rint({self.argument(e.this)})"
        return Code(f"{value}.{method}({quoted(TYPES[target])})", ATOM)

    # ------------------------------------------------------------------ numbers

    def round(self, e: Expression) -> Code:
        places = self.places(e)
        if self.type(e.this) is Type.INT64 and places >= 0:
            return self.code(e.this)
        return Code(f"F.round({self.argument(e.this)}, {places})", ATOM)

    def ln(self, e: Expression) -> Code:
        return self._logarithm(e.this, f"F.ln({self.argument(e.this)})")

    def log(self, e: Expression) -> Code:
        call = {"2": "log2(", "10": "log10("}.get(e.this.name, f"log({self.text(e.this)}, ")
        return self._logarithm(e.expression, f"F.{call}{self.argument(e.expression)})")

    def _logarithm(self, e: Expression, call: str) -> Code:
        """Emits a logarithm; that of 0 is made minus infinity, for which Spark has NULL."""
        if never_zero(e, self.schema):
            return Code(call, ATOM)
        zero = f"{self.operand(e, ATOM)} == 0"
        return Code(f'F.when({zero}, float("-inf")).otherwise({call})', ATOM)

    # ------------------------------------------------------------------ aggregates

    def code(self, e: Expression) -> Code:
        if type(e) not in _AGGREGATES:
            return super().code(e)
        if not isinstance(e.this, exp.Distinct):
            return self._aggregate(f"F.{_AGGREGATES[type(e)]}({self.argument(e.this)})")
        if self.over or not isinstance(e, exp.Sum):
            raise self.gaps.unsupported(OTHER_DISTINCT, in_sql(e))
        return self._aggregate(f"F.sum_distinct({self.argument(e.this.expressions[0])})")

    def _aggregate(self, call: str) -> Code:
        return Code(f"{call}{self.over}", ATOM)

    def count(self, e: Expression) -> Code:
        if isinstance(e.this, exp.Star):
            return self._aggregate('F.count("*")')
        if not isinstance(e.this, exp.Distinct):
            return self._aggregate(f"F.count({self.argument(e.this)})")
        value = self.argument(e.this.expressions[0])
        if self.over:  # a window has no distinct values
            return Code(f"F.size(F.collect_set({value}){self.over})", ATOM)
        return self._aggregate(f"F.count_distinct({value})")

    def percentile_cont(self, e: Expression) -> Code:
        values = f"{self.argument(e.this)}, {self.text(e.expression)}"
        return self._aggregate(f"F.percentile({values})")

    def percentile_disc(self, e: Expression) -> Code:
        """Emits a discrete quantile, for which there is no function; of integers it is a float."""
        kind = self.type(e.this)
        if not isinstance(e.this, exp.Column):
            raise self.gaps.unsupported("a discrete quantile of what is computed", in_sql(e))
        if kind not in (Type.INT64, Type.FLOAT64):
            raise self.gaps.unsupported("a discrete quantile of anything but numbers", in_sql(e))
        order = f"WITHIN GROUP (ORDER BY {in_backquotes(e.this.name)})"
        sql = f"PERCENTILE_DISC({self.text(e.expression)}) {order}"
        whole = '.cast("long")' if kind is Type.INT64 else ""
        return Code(f"F.expr({quoted(sql)}){self.over}{whole}", ATOM)

    def any_value(self, e: Expression) -> Code:
        skips = ", ignoreNulls=True" if self.nullable(e.this) else ""
        return self._aggregate(f"F.any_value({self.argument(e.this)}{skips})")

    def arg_max(self, e: Expression) -> Code:
        """Emits ``arg_max`` or ``arg_min``, over the rows whose value and key are not NULL."""
        call = "max_by" if isinstance(e, exp.ArgMax) else "min_by"
        key = self.argument(e.expression)
        if self.nullable(e.this):
            there = f"{self.operand(e.this, ATOM)}.isNotNull()"
            key = f"F.when({there}, {self.text(e.expression)})"
        return self._aggregate(f"F.{call}({self.argument(e.this)}, {key})")

    arg_min = arg_max

    def corr(self, e: Expression) -> Code:
        """Emits a correlation; that with a constant is NaN, as in SQL, and NULL in Spark."""
        pair = self.arguments([e.this, e.expression])
        values, pairs = f"F.corr({pair}){self.over}", f"F.regr_count({pair}){self.over}"
        return Code(f'F.coalesce({values}, F.when({pairs} > 0, float("nan")))', ATOM)

    def group_concat(self, e: Expression) -> Code:
        """Emits ``string_agg`` as a sorted list of pairs of a key and a text, which is joined."""
        text, separator = e.this.this, self.text(e.args["separator"])
        keys, descending = self._list_keys(e)
        name = quoted(fresh("text", {column.name for column in e.find_all(exp.Column)}))
        pair = f"F.struct({', '.join(keys)}, {self.operand(text, ATOM)}.alias({name}))"
        if self.nullable(text):
            pair = f"F.when({self.operand(text, ATOM)}.isNotNull(), {pair})"
        pairs = f"F.sort_array(F.collect_list({pair}){self.over}, asc={not descending})"
        joined = f"F.array_join({pairs}[{name}], {separator})"
        some = f"F.count({self.argument(text)}){self.over} > 0"
        return Code(f"F.when({some}, {joined})", ATOM)

    def _list_keys(self, e: Expression) -> tuple[list[str], bool]:
        """Returns the texts of a list's sort keys, and whether the list is sorted downwards.

        A key that may be NULL comes after a key that is true where it is among the last.
        """
        order = e.this.expressions
        descending = {bool(key.args.get("desc")) for key in order}
        if len(descending) > 1:
            raise self.gaps.unsupported("texts in an order that is not all up or all down")
        down, keys = descending.pop(), []
        for key in order:
            value = self.operand(key.this, ATOM)
            if self.nullable(key.this):
                last = down == bool(key.args.get("nulls_first"))
                keys.append(f"{value}.is{'' if last else 'Not'}Null()")
            keys.append(self.argument(key.this))
        return keys, down
