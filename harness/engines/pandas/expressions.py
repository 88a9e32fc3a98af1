"""Emits expressions over one frame for pandas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sqlglot import exp

from harness.engines.pandas.dates import PandasDates
from harness.engines.pandas.text import PandasText
from harness.engines.python.gaps import OTHER_DISTINCT
from harness.engines.python.kernel import ATOM, POWER, PRODUCT, Code, enclosed, quoted
from harness.plan.facts.kinds import has_no_fraction, is_literal
from harness.plan.facts.nan import never_zero
from harness.plan.facts.printing import in_sql
from harness.plan.facts.special import specials_of
from harness.plan.facts.typed import sql_type
from harness.plan.tree.nodes import Expression
from harness.special import Special
from harness.types import Type

_REDUCTIONS: dict[type[Expression], str] = {
    exp.Sum: "sum(min_count=1)",
    exp.Avg: "mean()",
    exp.Min: "min()",
    exp.Max: "max()",
    exp.Median: "median()",
    exp.StddevSamp: "std()",
    exp.StddevPop: "std(ddof=0)",
    exp.Variance: "var()",
    exp.VariancePop: "var(ddof=0)",
    exp.AnyValue: "first()",
}


class PandasExpressions(PandasText, PandasDates):
    """Emits expressions over a frame; adds types, numbers and aggregates to its base classes."""

    spellings: ClassVar[Mapping[str, str]] = {
        **PandasText.text_spellings,
        "Abs": "{this}.abs()",
        "Acos": "np.arccos({value})",
        "Asin": "np.arcsin({value})",
        "Atan": "np.arctan({value})",
        "Atan2": "np.arctan2({value}, {across})",
        "Ceil": "np.ceil({value})",
        "Ceil of integers": '{this}.astype("float64")',
        "Cos": "np.cos({value})",
        "DateBin": '{this}.dt.floor("{count}{frequency}")',
        "Degrees": "np.degrees({value})",
        "Exp": "np.exp({value})",
        "Floor": "np.floor({value})",
        "Floor of integers": '{this}.astype("float64")',
        "Ln": "np.log({value})",
        "Radians": "np.radians({value})",
        "Sign": 'np.sign({value}).astype("int64")',
        "Sign of NULLs": 'np.sign({value}).astype("Int64")',
        "Sign of integers": "np.sign({value})",
        "Sin": "np.sin({value})",
        "Sqrt": "np.sqrt({value})",
        "Tan": "np.tan({value})",
        "TimeToStr": "{this}.dt.strftime({format})",
    }

    def cast(self, e: Expression) -> Code:
        if isinstance(e.this, exp.Null):
            return Code(self.constant("None", self.typed(e)), ATOM)
        return self.date_literal(e) or self._cast(e, coerce="")

    def try_cast(self, e: Expression) -> Code:
        return self._cast(e, coerce=', errors="coerce"')

    def _cast(self, e: Expression, coerce: str) -> Code:
        source, target = self.type(e.this), sql_type(e.args["to"])
        value = self.operand(e.this, ATOM)
        if target is Type.STRING and source in (Type.FLOAT64, Type.TIMESTAMP, Type.BOOLEAN):
            raise self.gaps.unsupported(f"a {source} as a text", in_sql(e))
        if source is Type.STRING and target.temporal:
            form = "%Y-%m-%d" if target is Type.DATE else "%Y-%m-%d %H:%M:%S"
            return Code(self.parsed_time(self.code(e.this), quoted(form), coerce), ATOM)
        if source is Type.TIMESTAMP and target is Type.DATE:
            truncated = isinstance(e.this, exp.TimestampTrunc) and _is_of_days(e.this)
            return Code(value if truncated else f"{value}.dt.{self.midnight}", ATOM)
        if target.temporal:
            return Code(value, ATOM)
        if source is Type.DATE and target is Type.STRING:
            return Code(f'{value}.dt.strftime("%Y-%m-%d")', ATOM)
        if target is Type.BOOLEAN and source is not Type.BOOLEAN:
            return self._nonzero(e, value)
        if source is Type.STRING and target.numeric and coerce:
            value = self.parsed_number(value, coerce)
            value = self._away_from_zero(value) if target is Type.INT64 else value
        if source is Type.FLOAT64 and target is Type.INT64 and not has_no_fraction(e.this):
            value = f"{value}.round()"
        return Code(f"{value}.astype({quoted(str(self.dtype(self.typed(e))))})", ATOM)

    def _away_from_zero(self, value: str) -> str:
        """Emits rounding to the nearest integer, halves away from zero."""
        return f"np.trunc({value} + np.copysign(0.5, {value}))"

    def parsed_number(self, text: str, coerce: str) -> str:
        return f'{self.library}.to_numeric({text}{coerce}, dtype_backend="numpy_nullable")'

    def _nonzero(self, e: Expression, value: str) -> Code:
        if self.type(e.this) is not Type.INT64:
            raise self.gaps.unsupported("anything but integers as booleans", in_sql(e))
        return Code(f"({value} != 0)", ATOM)

    # ------------------------------------------------------------------ numbers

    def round(self, e: Expression) -> Code:
        """Emits SQL's rounding, halves away from zero; NumPy rounds them to even."""
        places = self.places(e)
        if places < 0:
            return self.code(self.in_tens(e.this, places))
        if self.type(e.this) is Type.INT64:
            return self.code(e.this)
        value, scale = self.operand(e.this, PRODUCT), repr(10.0**places)
        scaled = value if places == 0 else f"{value} * {scale}"
        moved = f"np.trunc({scaled} + np.copysign(0.5, {self.text(e.this)}))"
        return Code(
            moved if places == 0 else f"{moved} / {scale}", ATOM if places == 0 else PRODUCT
        )

    def log(self, e: Expression) -> Code:
        if not (is_literal(e.this, "2") or is_literal(e.this, "10")):
            raise self.gaps.unsupported("a logarithm to a base other than 2, 10 and e", in_sql(e))
        return Code(f"np.log{e.this.name}({self.text(e.expression)})", ATOM)

    def pow(self, e: Expression) -> Code:
        value = self.operand(e.this, POWER, strict=True)
        if isinstance(e.this, exp.Literal):
            value = repr(float(e.this.name))
        elif self.type(e.this) is Type.INT64:
            value = f"{self.operand(e.this, ATOM)}{self.as_floats}"
        power = f"{value} ** {self.operand(e.expression, POWER)}"
        lacking = [x for x in self._lost_in_powers(e) if self.nullable(x)]
        if not lacking:
            return Code(power, POWER)
        missing = " | ".join(f"{self.operand(x, ATOM)}.isna()" for x in lacking)
        return Code(f"({power}).mask({missing}{self.nothing})", ATOM)

    def _lost_in_powers(self, e: Expression) -> list[Expression]:
        """Returns the operands whose NULLs a power may lose: NULL ** 0 and 1 ** NULL are 1."""
        base, exponent = e.this, e.expression
        lost = [] if never_zero(exponent, self.schema) else [base]
        never_one = isinstance(base, exp.Literal) and float(base.name) != 1
        return lost if never_one else [*lost, exponent]

    # ------------------------------------------------------------------ aggregates

    def reduction(self, e: Expression) -> str:
        """Returns a method call that computes an aggregate: ``sum()``, ``quantile(0.9)``.

        It is called on a column, or on a column of a grouped frame.
        """
        if isinstance(e, exp.AnyValue) and e.args.get("max"):  # of rows in an order
            return "last()"
        if isinstance(e, exp.Count) and isinstance(e.this, exp.Star):
            return "size()"
        if isinstance(e, exp.Count):
            distinct = isinstance(e.this, exp.Distinct)
            return "sum()" if counted(e) else "nunique()" if distinct else "count()"
        if isinstance(e.this, exp.Distinct):
            raise self.gaps.unsupported(OTHER_DISTINCT, in_sql(e))
        if isinstance(e, exp.PercentileCont):
            return f"quantile({self.text(e.expression)})"
        if isinstance(e, exp.GroupConcat):
            return f"agg({self._joining(e)})"
        if type(e) not in _REDUCTIONS:
            raise self.gaps.missing(type(e), in_sql(e))
        return _REDUCTIONS[type(e)]

    def _joining(self, e: Expression) -> str:
        if not self.nullable(e.this.this):
            return self._join(e)
        return f"lambda texts: {self._join(e)}(texts.dropna()) if texts.notna().any() else None"

    def _join(self, e: Expression) -> str:
        """Returns the text of the function for ``string_agg``: ``", ".join``, of sorted texts."""
        return f"{self.text(e.args['separator'])}.join"

    def total(self, e: Expression) -> str:
        """Returns the text of an aggregate of the whole frame."""
        if isinstance(e, exp.GroupConcat):
            texts = self.operand(e.this.this, ATOM)
            return f"{self._join(e)}({texts}.dropna()) if {texts}.notna().any() else None"
        if isinstance(e, exp.Count) and isinstance(e.this, exp.Star):
            return f"len({self.frame})"
        if isinstance(e, exp.Corr):
            return f"{self.operand(e.this, ATOM)}.corr({self.text(e.expression)})"
        if (condition := counted(e)) is not None:
            return f"{enclosed(self.choice(condition), ATOM)}.sum()"
        argument = e.this.expressions[0] if isinstance(e.this, exp.Distinct) else e.this
        if isinstance(e, exp.AnyValue):  # a series has no first()
            return f"{self.operand(argument, ATOM)}.min()"
        floats = self.as_floats if self._reads_floats(e, argument) else ""
        return f"{self.operand(argument, ATOM)}{floats}.{self.reduction(e)}"

    def _reads_floats(self, e: Expression, argument: Expression) -> bool:
        """True for a quantile that is right of floats only.

        The difference of two integers may exceed 64 bits, and of integers with NULLs pandas makes a
        quantile an integer where it is whole.
        """
        if not isinstance(e, exp.PercentileCont):
            return False
        whole = self.type(argument) is Type.INT64 and self.nullable(argument)
        return whole or Special.BEYOND in specials_of(argument, self.schema)


def counted(e: Expression) -> Expression | None:
    """Returns the condition of ``count(case when condition then 1 end)``, or None."""
    case = e.this
    if not isinstance(e, exp.Count) or not isinstance(case, exp.Case) or case.args.get("default"):
        return None
    ((branch, *others),) = [case.args["ifs"]]
    plain = isinstance(branch.args["true"], exp.Literal) and not others
    condition: Expression = branch.this
    return condition if plain else None


def _is_of_days(e: Expression) -> bool:
    return e.args["unit"].name.lower() not in ("hour", "minute", "second")
