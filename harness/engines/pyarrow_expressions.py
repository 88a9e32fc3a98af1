"""Expressions over the columns of a batch, spelt with ``pyarrow.compute``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

from sqlglot import exp

from harness.engines.python import (
    AND,
    ATOM,
    COMPARISON,
    OR,
    PRODUCT,
    SIGN,
    SUM,
    Code,
    Expressions,
    Gaps,
    quoted,
)
from harness.plan.nodes import Expression, columns_in
from harness.plan.typing import sql_type
from harness.types import Schema, Type

ARROW_TYPES = {
    Type.BOOLEAN: "bool",
    Type.INT64: "int64",
    Type.FLOAT64: "float64",
    Type.STRING: "string",
    Type.DATE: "date32",
    Type.TIMESTAMP: "timestamp[us]",
}
_PARTS = {"week": "iso_week", "doy": "day_of_year"}
_OF_DAY = ("hour", "minute", "second")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


class ArrowExpressions(Expressions):
    """Spells expressions with ``pc.field`` and the functions of ``pc``.

    ``values`` names the variables that hold scalar subqueries, by the column they stand for.
    """

    def __init__(
        self, gaps: Gaps, schema: Schema = (), values: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(gaps, schema)
        self.values = values or {}

    def column(self, e: Expression) -> Code:
        return Code(self.values.get(e.name) or f"pc.field({quoted(e.name)})", ATOM)

    def expression(self, e: Expression, precedence: int = 0, strict: bool = False) -> str:
        """The text where Arrow asks for an expression: Python's own values are wrapped."""
        return _wrapped(e, self.operand(e, precedence, strict))

    # ------------------------------------------------------------------ numbers

    def number(
        self, e: Expression, others: Sequence[Expression], precedence: int, strict: bool = False
    ) -> str:
        """An operand, as a float where it meets floats.

        Arrow narrows constants: an int64 column and a float constant would meet as 32-bit floats.
        """
        if self.type(e) is Type.INT64 and Type.FLOAT64 in map(self.type, others):
            if _is_integer(e):
                return f"{self.text(e)}.0"
            if any(self._is_constant(other) for other in others):
                return self.float64(e)
        return self.operand(e, precedence, strict)

    def float64(self, e: Expression) -> str:
        """An operand as a float, whatever it meets."""
        if _is_integer(e):
            return f"{self.text(e)}.0"
        text = self.operand(e, ATOM)
        return text if self.type(e) is Type.FLOAT64 else f'{text}.cast("float64")'

    def _is_constant(self, e: Expression) -> bool:
        return columns_in(e) <= self.values.keys()

    def binary(self, e: Expression, operator: str, precedence: int) -> Code:
        chained = precedence == COMPARISON  # by Python, were it not for parentheses
        left = _wrapped(e.this, self.number(e.this, [e.expression], precedence, chained))
        right = self.number(e.expression, [e.this], precedence, strict=True)
        return Code(f"{left} {operator} {right}", precedence)

    def neg(self, e: Expression) -> Code:
        return super().neg(e) if _is_python_value(e) else self._call("negate", e.this)

    def div(self, e: Expression) -> Code:
        """SQL divides integers as floats, by zero too; Arrow's ``/`` raises there."""
        left = _wrapped(e.this, self.float64(e.this))
        if isinstance(e.expression, exp.Literal) and float(e.expression.name):
            return Code(f"{left} / {self.text(e.expression)}", PRODUCT)
        narrow = self._is_constant(e.this)
        right = self.float64(e.expression) if narrow else self.text(e.expression)
        return Code(f"pc.divide({left}, {right})", ATOM)

    def int_div(self, e: Expression) -> Code:
        return self._pair("divide", e)

    def mod(self, e: Expression) -> Code:
        return self._pair("remainder", e)

    def _pair(self, function: str, e: Expression) -> Code:
        left = _wrapped(e.this, self.number(e.this, [e.expression], 0))
        right = self.number(e.expression, [e.this], 0)
        return Code(f"pc.{function}({left}, {right})", ATOM)

    def pow(self, e: Expression) -> Code:
        base = _wrapped(e.this, self.float64(e.this))
        return Code(f"pc.power({base}, {self.text(e.expression)})", ATOM)

    def round(self, e: Expression) -> Code:
        decimals = e.args.get("decimals")
        places = "" if decimals is None else f", {self.parameter(decimals)}"
        mode = 'round_mode="half_towards_infinity"'
        return Code(f"pc.round({self.expression(e.this)}{places}, {mode})", ATOM)

    def _call(self, function: str, e: Expression, *more: str) -> Code:
        return Code(f"pc.{function}({', '.join([self.expression(e), *more])})", ATOM)

    def floor(self, e: Expression) -> Code:
        return self._call("floor", e.this)

    def ceil(self, e: Expression) -> Code:
        return self._call("ceil", e.this)

    def abs(self, e: Expression) -> Code:
        return self._call("abs", e.this)

    def ln(self, e: Expression) -> Code:
        return self._call("ln", e.this)

    def log(self, e: Expression) -> Code:
        return self._call("logb", e.expression, self.text(e.this))

    def sqrt(self, e: Expression) -> Code:
        return self._call("sqrt", e.this)

    def exp(self, e: Expression) -> Code:
        return self._call("exp", e.this)

    # ------------------------------------------------------------------ conditions

    def keeps(self, e: Expression) -> Code:
        """A condition of which only the truth matters: it may be false where SQL says NULL."""
        match e:
            case exp.And():
                return Code(" & ".join(self._kept(p, AND) for p in e.flatten()), AND)
            case exp.Or():
                return Code(" | ".join(self._kept(p, OR + 1) for p in e.flatten()), OR)
            case exp.In():
                return self._member(e)
            case exp.Not(this=exp.In() as test):
                return self._no_member(test)
        return Code(self.expression(e), ATOM) if _is_python_value(e) else self.code(e)

    def _kept(self, e: Expression, precedence: int) -> str:
        text, own = self.keeps(e)
        return f"({text})" if own < precedence else text

    def _member(self, e: Expression) -> Code:
        values = [x for x in e.expressions if not isinstance(x, exp.Null)]
        if not all(map(_is_python_value, values)):
            return self.code(_equalities(e.this, e.expressions))
        subject = self.number(e.this, values, ATOM)
        return Code(f"{subject}.isin({self.listed(values)})", ATOM)

    def _no_member(self, e: Expression) -> Code:
        if any(isinstance(x, exp.Null) for x in e.expressions):
            return Code("pc.scalar(False)", ATOM)
        if not self.nullable(e.this):
            return Code(f"~{self._member(e).text}", SIGN)
        return Code(f"{self.operand(e.this, ATOM)}.is_valid() & ~{self._member(e).text}", AND)

    def in_(self, e: Expression) -> Code:
        """NULL is in no set of Arrow's; SQL does not know."""
        found = self._member(e).text
        if any(isinstance(x, exp.Null) for x in e.expressions):
            return Code(f"pc.if_else({found}, True, None)", ATOM)
        if self.nullable(e.this):
            known = f"{self.operand(e.this, ATOM)}.is_valid()"
            return Code(f"pc.if_else({known}, {found}, None)", ATOM)
        return Code(found, ATOM)

    def not_(self, e: Expression) -> Code:
        if isinstance(e.this, exp.Is) and isinstance(e.this.expression, exp.Null):
            return Code(f"{self.expression(e.this.this, ATOM)}.is_valid()", ATOM)
        return Code(f"~{self.expression(e.this, SIGN)}", SIGN)

    def is_(self, e: Expression) -> Code:
        if isinstance(e.expression, exp.Null):
            return Code(f"{self.expression(e.this, ATOM)}.is_null()", ATOM)
        condition = e.this if e.expression.this else exp.Not(this=e.this.copy())
        return Code(f"pc.coalesce({self.text(condition)}, False)", ATOM)

    def between(self, e: Expression) -> Code:
        low = exp.GTE(this=e.this.copy(), expression=e.args["low"].copy())
        high = exp.LTE(this=e.this.copy(), expression=e.args["high"].copy())
        return self.and_(exp.And(this=low, expression=high))

    def like(self, e: Expression) -> Code:
        return self._like(e, "")

    def ilike(self, e: Expression) -> Code:
        return self._like(e, ", ignore_case=True")

    def _like(self, e: Expression, option: str) -> Code:
        if not isinstance(e.expression, exp.Literal):
            raise self.gaps.unsupported("a LIKE pattern that is not a constant", e.sql("duckdb"))
        pattern = quoted(e.expression.name.replace("\\", "\\\\"))  # Arrow's escape character
        return self._call("match_like", e.this, pattern + option)

    def regexp_like(self, e: Expression) -> Code:
        return self._call("match_substring_regex", e.this, self.parameter(e.expression))

    def starts_with(self, e: Expression) -> Code:
        return self._call("starts_with", e.this, self.parameter(e.expression))

    def contains(self, e: Expression) -> Code:
        return self._call("match_substring", e.this, self.parameter(e.expression))

    def case(self, e: Expression) -> Code:
        """``case_when`` takes a NULL condition for false, as SQL does; ``if_else`` would not."""
        branches, default = e.args["ifs"], e.args.get("default")
        results = [branch.args["true"] for branch in branches]
        values = [self._result(x, e) for x in results]
        otherwise = [] if default is None else [self._result(default, e)]
        first = branches[0].this
        if len(branches) == 1 and not self.nullable(first):
            choice = ", ".join([self.expression(first), *values, *(otherwise or ["None"])])
            return Code(f"pc.if_else({choice})", ATOM)
        conditions = ", ".join(self.keeps(branch.this).text for branch in branches)
        choice = ", ".join([f"pc.make_struct({conditions})", *values, *otherwise])
        return Code(f"pc.case_when({choice})", ATOM)

    def _result(self, e: Expression, case: Expression) -> str:
        """What a branch of a CASE gives; ``case_when`` wants to know the type of its NULLs."""
        kind = self.type(case)
        if isinstance(e, exp.Null) and kind is not None:
            return f"pc.scalar(None).cast({_type_name(kind)})"
        return self.number(e, [case], 0)

    def coalesce(self, e: Expression) -> Code:
        return self._of_all("coalesce", [e.this, *e.expressions])

    def greatest(self, e: Expression) -> Code:
        if self.type(e) is Type.BOOLEAN:
            raise self.gaps.unsupported("the greatest of booleans", e.sql("duckdb"))
        end = "max" if isinstance(e, exp.Greatest) else "min"
        return self._of_all(f"{end}_element_wise", [e.this, *e.expressions])

    least = greatest

    def _of_all(self, function: str, parts: Sequence[Expression]) -> Code:
        """A function of any number of values of one type."""
        texts = [self.number(x, [y for y in parts if y is not x], 0) for x in parts]
        texts[0] = _wrapped(parts[0], texts[0])
        return Code(f"pc.{function}({', '.join(texts)})", ATOM)

    # ------------------------------------------------------------------ types

    def cast(self, e: Expression) -> Code:
        if literal := self.date_literal(e):
            return literal
        source, target = self.type(e.this), sql_type(e.args["to"])
        value = self.expression(e.this, ATOM)
        if source is Type.FLOAT64 and target is Type.INT64:
            value = f'pc.round({value}, round_mode="half_to_even")'
        if target is Type.STRING and source in (Type.FLOAT64, Type.TIMESTAMP):
            reason = f"a {source} as text, which each library spells its own way"
            raise self.gaps.unsupported(reason, e.sql("duckdb"))
        if source is target:
            return Code(value, ATOM)
        rounds = ", safe=False" if (source, target) == (Type.INT64, Type.FLOAT64) else ""
        return Code(f"{value}.cast({_type_name(target)}{rounds})", ATOM)

    def extract(self, e: Expression) -> Code:
        part = e.name.lower()
        if part == "dow":
            return self._call("day_of_week", e.expression, "week_start=7")
        if part == "isodow":
            return self._call("day_of_week", e.expression, "count_from_zero=False")
        if part in _OF_DAY:
            return Code(f"pc.{part}({self._timestamp(e.expression)})", ATOM)
        return self._call(_PARTS.get(part, part), e.expression)

    def timestamp_trunc(self, e: Expression) -> Code:
        unit = quoted(e.args["unit"].name.lower())
        return Code(f"pc.floor_temporal({self._timestamp(e.this)}, unit={unit})", ATOM)

    def _timestamp(self, e: Expression) -> str:
        """DuckDB truncates and moves dates to timestamps."""
        value = self.expression(e, ATOM)
        if self.type(e) is Type.TIMESTAMP:
            return value
        return f"{value}.cast({_type_name(Type.TIMESTAMP)})"

    def offset(self, e: Expression, count: int, unit: str) -> Code:
        if unit in _MONTHS:
            return Code(f"months_later({self._timestamp(e)}, {count * _MONTHS[unit]})", ATOM)
        sign = "-" if count < 0 else "+"
        value = self.expression(e, SUM)
        return Code(f"{value} {sign} timedelta({unit}s={abs(count)})", SUM)

    def days_later(self, e: Expression, days: int) -> Code:
        moved = self.offset(e, days, "day").text
        return Code(f"({moved}).cast({_type_name(Type.DATE)})", ATOM)

    def days_between(self, e: Expression) -> Code:
        later, earlier = self.expression(e.this), self.expression(e.expression)
        return Code(f"pc.days_between({earlier}, {later})", ATOM)

    # ------------------------------------------------------------------ strings

    def parameter(self, e: Expression) -> str:
        """A parameter of a function, which Arrow does not take from a column."""
        if _is_python_value(e):
            return self.text(e)
        raise self.gaps.unsupported("a parameter that is not a constant", e.sql("duckdb"))

    def upper(self, e: Expression) -> Code:
        return self._call("utf8_upper", e.this)

    def lower(self, e: Expression) -> Code:
        return self._call("utf8_lower", e.this)

    def trim(self, e: Expression) -> Code:
        side = {"LEADING": "l", "TRAILING": "r"}.get(str(e.args.get("position")), "")
        characters = self.parameter(e.expression) if e.args.get("expression") else '" "'
        return self._call(f"utf8_{side}trim", e.this, characters)

    def length(self, e: Expression) -> Code:
        return Code(f'{self._call("utf8_length", e.this).text}.cast("int64")', ATOM)

    def substring(self, e: Expression) -> Code:
        start, length = e.args["start"], e.args.get("length")
        if not (isinstance(start, exp.Literal) and int(start.name) >= 1):
            what = "a substring from a computed or negative place"
            raise self.gaps.unsupported(what, e.sql("duckdb"))
        first = int(start.name) - 1
        stop = [] if length is None else [f"stop={first + int(self.parameter(length))}"]
        return self._call("utf8_slice_codeunits", e.this, f"start={first}", *stop)

    def replace(self, e: Expression) -> Code:
        old, new = self.parameter(e.expression), self.parameter(e.args["replacement"])
        return self._call("replace_substring", e.this, old, new)

    def dpipe(self, e: Expression) -> Code:
        return self._joined(list(e.flatten()))

    def concat(self, e: Expression) -> Code:
        """``concat`` takes NULL for empty text, ``||`` does not."""
        empty = exp.Literal.string("")
        return self._joined(
            [exp.Coalesce(this=p, expressions=[empty]) if self.nullable(p) else p
             for p in map(self._as_text, e.expressions)]
        )  # fmt: skip

    def _joined(self, parts: Sequence[Expression]) -> Code:
        texts = [self.text(self._as_text(part)) for part in parts]
        texts[0] = _wrapped(parts[0], texts[0])
        return Code(f'pc.binary_join_element_wise({", ".join(texts)}, "")', ATOM)

    def _as_text(self, e: Expression) -> Expression:
        return e if self.type(e) in (Type.STRING, None) else exp.cast(e.copy(), "TEXT")

    def time_to_str(self, e: Expression) -> Code:
        pattern, value = e.args["format"], self._timestamp(e.this)
        if "%S" in self.parameter(pattern) or "%T" in self.parameter(pattern):
            # Arrow's %S prints as many decimals as the type holds.
            value = f'pc.floor_temporal({value}, unit="second").cast("timestamp[s]")'
        return Code(f"pc.strftime({value}, {self.parameter(pattern)})", ATOM)


def one_zero(e: Expression) -> Expression:
    """A float as a key: SQL's -0.0 equals 0.0, Acero tells them apart."""
    return exp.Add(this=e.copy(), expression=exp.Literal.number("0.0"))


def _type_name(kind: Type) -> str:
    return quoted(ARROW_TYPES[kind])


def _is_integer(e: Expression) -> bool:
    """Whether an expression is printed as a whole number."""
    bare = e.this if isinstance(e, exp.Neg) else e
    return isinstance(bare, exp.Literal) and bare.is_int


def _is_python_value(e: Expression) -> bool:
    """Whether an expression is printed as one of Python's own values, not one of Arrow's."""
    if isinstance(e, exp.Neg):
        return isinstance(e.this, exp.Literal)
    if isinstance(e, exp.Cast):
        temporal = sql_type(e.args["to"]).temporal
        return temporal and isinstance(e.this, exp.Literal) and e.this.is_string
    return isinstance(e, (exp.Literal, exp.Boolean, exp.Null))


def _wrapped(e: Expression, text: str) -> str:
    """The text as one of Arrow's expressions, which has to come first in a call or operation."""
    return f"pc.scalar({text})" if _is_python_value(e) else text


def _equalities(subject: Expression, values: Sequence[Expression]) -> Expression:
    """``x IN (a, b)`` -> ``x = a OR x = b``."""
    tests: list[Expression] = [
        exp.EQ(this=subject.copy(), expression=value.copy()) for value in values
    ]
    return reduce(lambda found, test: exp.Or(this=found, expression=test), tests)
