"""Emits values, arithmetic and conditions over one frame for pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import ClassVar

from sqlglot import exp

from harness.engines.gaps import Gaps
from harness.engines.python.functions import Functions
from harness.engines.python.kernel import (
    ATOM,
    PRODUCT,
    SUM,
    Code,
    enclosed,
    quoted,
)
from harness.plan.facts.nan import divides_counts
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typed import Typed, sql_type
from harness.plan.guards.truth import TESTS, Logic, NullAsFalse, NullWhere, Place, Truth
from harness.plan.guards.widths import Widths
from harness.plan.tree.nodes import Expression, columns_in
from harness.types import Schema, Type

MASKED = (Type.INT64, Type.BOOLEAN)
"""Types whose columns with NULLs need a dtype with a mask."""
DTYPES = {
    Type.BOOLEAN: ("bool", "boolean"),
    Type.INT64: ("int64", "Int64"),
    Type.FLOAT64: ("float64", "float64"),
    Type.STRING: ("str", "str"),
}


class PandasValues(Functions):
    """Emits expressions as operations on columns of ``frame``.

    A nullable integer or boolean always has a masked dtype (``Int64``, ``boolean``).
    """

    library: ClassVar[str] = "pd"
    """The name under which a program imports the library of these functions."""
    missing: ClassVar[str] = "isna()"
    present: ClassVar[str] = "notna()"
    logic: ClassVar[Logic] = Logic(
        false_of_null=(*TESTS, exp.Between),
        true_of_null=(exp.NEQ,),
        null_of_null=frozenset(MASKED),
        maybe_null=frozenset({*MASKED, Type.FLOAT64}),
        nan_is_greatest=False,
        nan_is_null=True,
    )
    truths: ClassVar[Mapping[type[Truth], str]] = {
        NullWhere: '{part}.astype("boolean").mask({missing}{nothing})',
        NullAsFalse: "{part}.fillna(False)",
    }
    widths: ClassVar[Widths] = Widths(narrow=(exp.Extract,), narrow_null=False)
    widening: ClassVar[str] = '{}.astype("int64")'
    dtypes: ClassVar[Mapping[Type, tuple[str, str]]] = DTYPES
    """Type -> the names of its dtype in columns without NULLs, and in those with NULLs."""
    masks: ClassVar[bool] = True
    """Whether integers and booleans with NULLs need a masked dtype."""
    nothing: ClassVar[str] = ""
    """The argument of ``where`` and ``mask`` for a missing value, if it is not the default."""

    def __init__(
        self, gaps: Gaps, schema: Schema, frame: str, narrow: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(gaps, schema, narrow)
        self.frame = frame

    def column(self, e: Expression) -> Code:
        return Code(f"{self.frame}[{quoted(e.name)}]", ATOM)

    def series(self, e: Expression) -> str:
        """Returns the text of a column with an expression's values; NULL alone is unsupported.

        Of a condition the column has true, false and NULL.
        """
        if isinstance(e, exp.Null):
            raise self.gaps.unsupported("a column of NULLs", in_sql(e))
        return self.text(e)

    def operand(self, e: Expression, precedence: int, strict: bool = False) -> str:
        """Returns the text of an operand, in parentheses if it binds less than ``precedence``.

        If ``strict``, also if it binds the same. With ``precedence`` ATOM methods are called on it:
        then it is a series, and a constant is unsupported.
        """
        if precedence < ATOM:
            return super().operand(e, precedence, strict)
        if not columns_in(e):
            raise self.gaps.unsupported("a function of a constant", in_sql(e))
        text, own = self.code(e)
        if isinstance(e, exp.Case) and text.startswith(("np.where(", "np.select(")):
            return f"{self.library}.Series({text}, index={self.frame}.index)"
        return f"({text})" if own < ATOM else text

    def date_literal(self, e: Expression) -> Code | None:
        constant = isinstance(e.this, exp.Literal) and e.this.is_string
        if constant and sql_type(e.args["to"]).temporal:
            return Code(f"pd.Timestamp({quoted(e.this.name)})", ATOM)
        return None

    # ------------------------------------------------------------------ conditions

    def in_(self, e: Expression) -> Code:
        return Code(f"{self.operand(e.this, ATOM)}.isin({self.listed(e.expressions)})", ATOM)

    def between(self, e: Expression) -> Code:
        low, high = self.text(e.args["low"]), self.text(e.args["high"])
        return Code(f"{self.operand(e.this, ATOM)}.between({low}, {high})", ATOM)

    def choice(self, e: Expression) -> Code:
        """Emits a condition with False for NULL, which ``where`` and ``mask`` treat as true."""
        return self.condition(e, Place.CHOICE)

    # ------------------------------------------------------------------ values

    def mod(self, e: Expression) -> Code:
        """Emits SQL's remainder, which has the dividend's sign; pandas' has the divisor's."""
        return Code(f"np.fmod({self.text(e.this)}, {self.text(e.expression)})", ATOM)

    def int_div(self, e: Expression) -> Code:
        """Emits SQL's integer division, which truncates; pandas' floors."""
        if divides_counts(e):
            return Code(f"{self.operand(e.this, PRODUCT)} // {self.text(e.expression)}", PRODUCT)
        left, right = self.operand(e.this, SUM), self.operand(e.expression, PRODUCT, strict=True)
        return Code(
            f"({left} - np.fmod({self.text(e.this)}, {self.text(e.expression)})) // {right}",
            PRODUCT,
        )

    def case(self, e: Expression) -> Code:
        branches = [(b.this, b.args["true"]) for b in e.args["ifs"]]
        default = e.args.get("default")
        if all(_is_number_or_text(v) for v in [*(v for _, v in branches), default]):
            return self._of_constants(e, branches, default)
        return self._chosen(e, branches, default)

    def _of_constants(
        self, e: Expression, branches: Sequence[_Branch], default: Expression | None
    ) -> Code:
        assert default is not None
        first = self.choice(branches[0][0])
        tests = [self.choice(condition).text for condition, _ in branches]
        values = [self.text(value) for _, value in branches]
        if len(branches) > 1:
            listed = f"[{', '.join(tests)}], [{', '.join(values)}]"
            return Code(f"np.select({listed}, default={self.text(default)})", ATOM)
        if (values[0], self.text(default)) == ("1", "0") and self.type(e) is Type.INT64:
            return Code(f'{enclosed(first, ATOM)}.astype("int64")', ATOM)
        return Code(f"np.where({tests[0]}, {values[0]}, {self.text(default)})", ATOM)

    def _chosen(
        self, e: Expression, branches: Sequence[_Branch], default: Expression | None
    ) -> Code:
        """Emits a CASE, from the last branch to the first: ``value.where(condition, rest)``.

        ``branches`` are pairs of a condition and a value; ``default``, the value of ELSE, is the
        first ``rest``.
        """
        typed = self.typed(e)
        rest, is_series = self._value(default, typed), bool(default and columns_in(default))
        for condition, value in reversed(branches):
            test, text = self.choice(condition).text, self._value(value, typed)
            if text is not None and (columns_in(value) or not is_series):
                series = text if columns_in(value) else self.constant(text, typed)
                rest = f"{series}.where({test}{self._more(rest)})"
            elif rest is not None:
                series = rest if is_series else self.constant(rest, typed)
                rest = f"{series}.mask({test}{self._more(text)})"
            is_series = rest is not None
        if rest is None:
            raise self.gaps.unsupported("a CASE that is always NULL", in_sql(e))
        return Code(rest, ATOM)

    def _more(self, text: str | None) -> str:
        return self.nothing if text is None else f", {text}"

    def _value(self, e: Expression | None, typed: Typed) -> str | None:
        """Returns the text of ``e``, a value of a CASE of type ``typed``; None for NULL.

        A column is cast if the dtype for ``typed`` is another.
        """
        if e is None or isinstance(e, exp.Null):
            return None
        own = self.typed(e)
        if not columns_in(e):
            return self.text(e)
        masked = typed.nullable and not own.nullable and typed.type in MASKED
        dtype = self.dtype(typed) if masked or own.type is not typed.type else None
        text = self.operand(e, ATOM)
        return text if dtype is None else f"{text}.astype({quoted(dtype)})"

    def constant(self, text: str, typed: Typed) -> str:
        missing = "datetime64[us]" if text == "None" else None
        dtype = self.dtype(typed) or missing
        more = "" if dtype is None else f", dtype={quoted(dtype)}"
        return f"{self.library}.Series({text}, index={self.frame}.index{more})"

    def dtype(self, typed: Typed) -> str | None:
        """Returns the name of a type's dtype; None for dates and timestamps, which need no cast."""
        if typed.type is None or typed.type not in self.dtypes:
            return None
        return self.dtypes[typed.type][typed.nullable and self.masks]

    def whole(self, nullable: bool) -> str:
        """Returns the dtype's name for integers: ``Int64`` if ``nullable``, else ``int64``.

        Emitters of other dtypes have other names.
        """
        return self.dtypes[Type.INT64][nullable and self.masks]

    @property
    def as_floats(self) -> str:
        """Returns the text of a cast to floats."""
        return f".astype({quoted(self.dtypes[Type.FLOAT64][True])})"

    def coalesce(self, e: Expression) -> Code:
        whole = self.typed(e)
        texts = [self._value(x, replace(whole, nullable=self.nullable(x))) for x in operands_of(e)]
        first, *others = [text for text in texts if text is not None]
        return Code(first + "".join(f".fillna({text})" for text in others), ATOM)

    def greatest(self, e: Expression) -> Code:
        """Emits ``greatest`` or ``least``: in each row, of the values that are not NULL."""
        end, typed = ("max" if isinstance(e, exp.Greatest) else "min"), self.typed(e)
        operands = operands_of(e)
        kinds = {self.type(x) for x in operands}
        if typed.type is Type.BOOLEAN:
            raise self.gaps.unsupported("the greatest of booleans", in_sql(e))
        sure = not any(map(self.nullable, operands))
        if sure and kinds in ({Type.INT64}, {Type.FLOAT64}):
            texts = [self.text(x) for x in operands]
            return Code(reduce(lambda a, b: f"np.{end}imum({a}, {b})", texts), ATOM)
        series = [self._series_of(x, typed) for x in operands]
        return Code(f"{self.library}.concat([{', '.join(series)}], axis=1).{end}(axis=1)", ATOM)

    least = greatest

    def _series_of(self, e: Expression, typed: Typed) -> str:
        text = str(self._value(e, replace(typed, nullable=self.nullable(e))))
        return text if columns_in(e) else self.constant(text, typed)


_Branch = tuple[Expression, Expression]
"""A condition of a CASE, and its value."""


def operands_of(e: Expression) -> list[Expression]:
    return [e.this, *e.expressions]


def _is_number_or_text(e: Expression | None) -> bool:
    e = e.this if isinstance(e, exp.Neg) else e
    return isinstance(e, (exp.Literal, exp.Boolean))
