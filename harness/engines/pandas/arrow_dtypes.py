"""pandas whose columns are Arrow's: every dtype has NULL, and texts are no Python objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from sqlglot import exp

from harness.answer import SortKey
from harness.engines.gaps import cannot
from harness.engines.pandas.engine import Pandas
from harness.engines.pandas.expressions import PandasExpressions
from harness.engines.pandas.gaps import PANDAS_GAPS
from harness.engines.pandas.program import PandasProgram
from harness.engines.pandas.session import MOMENT
from harness.engines.pandas.tables import csv_options
from harness.engines.pandas.windows import PandasWindows, Partitions
from harness.engines.python.functions import one_zero
from harness.engines.python.kernel import (
    ATOM,
    PRODUCT,
    SUM,
    Code,
    enclosed,
    listing,
    mapping,
    quoted,
)
from harness.engines.python.like import RE2, RegexSpelling
from harness.engines.python.program import ProgramEmitter
from harness.plan.facts.frames import window_order
from harness.plan.facts.printing import in_sql
from harness.plan.guards.special_uses import ROUNDED, Differing
from harness.plan.guards.truth import Logic, NullWhere, Truth
from harness.plan.tree.nodes import Aggregate, Distinct, Expression, Join, Node, Sort, Window
from harness.special import Special
from harness.tables import Input, Table
from harness.types import Column, Schema, Type

_DTYPES = {
    Type.BOOLEAN: "bool[pyarrow]",
    Type.INT64: "int64[pyarrow]",
    Type.FLOAT64: "double[pyarrow]",
    Type.STRING: "utf8[pyarrow]",
}
"""``string[pyarrow]`` is another dtype, and both in one column make one of Python objects."""
_OF_NUMPY = {
    '"Int64"': '"int64[pyarrow]"',
    '"int64"': '"int64[pyarrow]"',
    '"float64"': '"double[pyarrow]"',
    '"str"': '"utf8[pyarrow]"',
}
_STARTS = {"year": "YS", "quarter": "QS", "month": "MS", "week": "W"}
"""Unit -> the frequency by which Arrow's timestamps are rounded down to its start."""


_BY_PLACE = (
    *(exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile),
    *(exp.Lag, exp.Lead, exp.FirstValue),
)
"""Window functions for which pandas compares no row with its peers, the rows that tie with it."""


def _of_arrow(spelling: str) -> str:
    """Returns ``spelling``, the text of a call, with Arrow's dtypes: ``int64[pyarrow]`` …"""
    for dtype, own in _OF_NUMPY.items():
        spelling = spelling.replace(dtype, own)
    return spelling


class ArrowExpressions(PandasExpressions):
    """Emits expressions over a frame of Arrow's dtypes, all of which have NULL."""

    dtypes: ClassVar[Mapping[Type, tuple[str, str]]] = {t: (d, d) for t, d in _DTYPES.items()}
    spellings: ClassVar[Mapping[str, str]] = {
        **{name: _of_arrow(text) for name, text in PandasExpressions.spellings.items()},
        "Sign of integers": 'np.sign({value}).astype("int64[pyarrow]")',
    }
    time_formats: ClassVar[frozenset[str]] = PandasExpressions.time_formats - {"%S"}
    """Of the codes in formats of times those that Arrow writes as others do: no fractions."""
    logic: ClassVar[Logic] = replace(
        PandasExpressions.logic, null_of_null=frozenset(Type), maybe_null=frozenset(Type)
    )
    truths: ClassVar[Mapping[type[Truth], str]] = {
        **PandasExpressions.truths,
        NullWhere: '{part}.astype("bool[pyarrow]").mask({missing}{nothing})',
    }
    widening: ClassVar[str] = '{}.astype("int64[pyarrow]")'
    regex: ClassVar[RegexSpelling] = RE2

    def case(self, e: Expression) -> Code:
        """Emits a CASE; what NumPy chooses of constants becomes a column of Arrow's dtype."""
        code, kind = super().case(e), self.type(e)
        if kind is None or not code.text.startswith(("np.where(", "np.select(")):
            return code
        dtype = quoted(_DTYPES[kind])
        return Code(f"pd.Series({code.text}, index={self.frame}.index, dtype={dtype})", ATOM)

    def mod(self, e: Expression) -> Code:
        return self._whole(e, super().mod(e))

    def int_div(self, e: Expression) -> Code:
        left, right = self.operand(e.this, SUM), self.operand(e.expression, PRODUCT, strict=True)
        rest = self.mod(e).text
        return Code(f"({left} - {rest}) // {right}", PRODUCT)

    def round(self, e: Expression) -> Code:
        if self.type(e.this) is Type.INT64 and self.places(e) >= 0:
            return self.code(e.this)
        return self._whole(e, super().round(e))

    def date_diff(self, e: Expression) -> Code:
        return self._whole(e, super().date_diff(e))

    def _whole(self, e: Expression, code: Code) -> Code:
        """Returns ``code``, the code of ``e``, cast back to Arrow's int64 if ``e`` is an integer.

        NumPy's functions and ``//`` make floats of Arrow's integers.
        """
        if self.type(e) is not Type.INT64 or code.text.endswith('.astype("int64[pyarrow]")'):
            return code
        return Code(f'{enclosed(code, ATOM)}.astype("int64[pyarrow]")', ATOM)

    def extract(self, e: Expression) -> Code:
        value, part = self.operand(e.expression, ATOM), e.name.lower()
        if part == "dow":
            return Code(f'np.fmod({value}.dt.day_of_week + 1, 7).astype("int64[pyarrow]")', ATOM)
        if part == "week":
            known = f".mask({value}.isna())" if self.nullable(e.expression) else ""
            return Code(f"{value}.dt.isocalendar().week{known}", ATOM)
        return super().extract(e)

    def timestamp_trunc(self, e: Expression) -> Code:
        unit = e.args["unit"].name.lower()
        if unit not in _STARTS:
            return super().timestamp_trunc(e)
        return Code(f"{self.operand(e.this, ATOM)}.dt.floor({quoted(_STARTS[unit])})", ATOM)

    def offset(self, e: Expression, count: int, unit: str) -> Code:
        """Emits a moment moved by ``count`` units; months and years go by way of NumPy's dtype.

        Only its moments can be added to the DateOffset that these need.
        """
        code = super().offset(e, count, unit)
        return self._by_numpy(e, code) if "DateOffset" in code.text else code

    def parsed_time(self, value: Code, form: str, coerce: str) -> str:
        return f"{super().parsed_time(value, form, coerce)}.astype({quoted(MOMENT)})"

    def date_from_parts(self, e: Expression) -> Code:
        return Code(f"{super().date_from_parts(e).text}.astype({quoted(MOMENT)})", ATOM)

    def last_day(self, e: Expression) -> Code:
        return self._by_numpy(e.this, super().last_day(e))

    def _by_numpy(self, moment: Expression, code: Code) -> Code:
        """Returns ``code``, which computes with ``moment``, with casts around the computation.

        The moment is cast to NumPy's datetime64 before it, the result to Arrow's timestamp.
        """
        value = self.operand(moment, ATOM)
        text = code.text.replace(value, f'{value}.astype("datetime64[us]")', 1)
        return Code(f"({text}).astype({quoted(MOMENT)})", ATOM)


class ArrowWindows(PandasWindows):
    """Emits windows over a frame of Arrow's dtypes."""

    def _ranked(self, e: Expression, rows: Partitions, key: SortKey) -> str:
        if self.print_.type(exp.column(key.column)) is Type.STRING:
            raise self.gaps.unsupported("ranks by a text", in_sql(e))
        return super()._ranked(e, rows, key)


class ArrowProgram(PandasProgram):
    """Emits pandas' programs over tables of Arrow's dtypes."""

    windows: ClassVar[type[PandasWindows]] = ArrowWindows

    def of_constants(self, column: Column, values: str) -> str:
        dtype = MOMENT if column.type.temporal else _DTYPES[column.type]
        return f"pd.Series({values}, dtype={quoted(dtype)})"

    def dtypes_of_nothing(self, node: Node, columns: Schema | None = None) -> dict[str, str]:
        unknown = [c for c in (node.schema if columns is None else columns) if c.nullable]
        return {c.name: MOMENT if c.type.temporal else _DTYPES[c.type] for c in unknown}

    def aggregate(self, node: Aggregate) -> str:
        print_ = self.expressions(node.input)
        counted = [e.this for _, e in node.aggregates if isinstance(e.this, exp.Distinct)]
        if any(print_.type(e) is Type.FLOAT64 for each in counted for e in each.expressions):
            raise self.gaps.unsupported(FLOAT_KEYS)
        of_floats = {name: node.column(name).type is Type.FLOAT64 for name, _ in node.keys}
        keys = tuple(
            (name, one_zero(e) if of_floats[name] and not _has_one_zero(e) else e)
            for name, e in node.keys
        )
        if keys != node.keys:
            return self._instead(node, replace(node, keys=keys))
        return super().aggregate(node)

    def join(self, node: Join) -> str:
        self._refuse_floats(node.left.column(name) for name, _ in node.on)
        return super().join(node)

    def window(self, node: Window) -> str:
        print_ = self.expressions(node.input)
        keys = [e for _, w in node.functions for e in w.args.get("partition_by") or []]
        of_peers = [w for _, w in node.functions if not isinstance(w.this, _BY_PLACE)]
        keys += [key.this for window in of_peers for key in window_order(window)]
        if any(print_.type(key) is Type.FLOAT64 for key in keys):
            raise self.gaps.unsupported(FLOAT_KEYS)
        return super().window(node)

    def distinct(self, node: Distinct) -> str:
        self._refuse_floats(node.schema)
        return super().distinct(node)

    def _refuse_floats(self, keys: Iterable[Column]) -> None:
        """Raises Refused if one of these key columns holds floats."""
        if any(key.type is Type.FLOAT64 for key in keys):
            raise self.gaps.unsupported(FLOAT_KEYS)

    printer: ClassVar[type[PandasExpressions]] = ArrowExpressions
    nan_for: ClassVar[frozenset[Type]] = frozenset()

    def _reader(self, table: Table, columns: Sequence[str]) -> str:
        name, wanted = f"t({quoted(table.name)})", [table.column(c) for c in columns]
        if self.source is Input.MEMORY:
            return name
        if self.source is Input.PARQUET:
            text = f'pd.read_parquet({name}, columns={listing(columns)}, dtype_backend="pyarrow")'
        else:
            options = csv_options(table, wanted, _DTYPES)
            text = f'pd.read_csv({name}, {options}, engine="pyarrow", dtype_backend="pyarrow")'
        moments = {c.name: MOMENT for c in wanted if c.type.temporal}
        return f"{text}.astype({mapping(moments)})" if moments else text


def _has_one_zero(key: Expression) -> bool:
    """True for a key of the form ``x + 0.0``, by which `one_zero` makes 0.0 of -0.0."""
    return isinstance(key, exp.Add) and key == one_zero(key.this)


FLOAT_KEYS = "keys that are floats, of which 0.0 and -0.0 are one"
_SPLIT = "its accessor for lists takes no element beyond the end"


class PandasPyArrow(Pandas):
    name = "pandas-pyarrow"
    label = "pandas on Arrow"
    colour = "#b5179e"
    by_default: ClassVar[bool] = False
    emitter: ClassVar[type[ProgramEmitter]] = ArrowProgram
    session = "harness.engines.pandas.session:ArrowSession"
    special_differs: ClassVar[Differing] = {
        **Pandas.special_differs,
        **dict.fromkeys((exp.Mod, exp.IntDiv), frozenset({Special.BEYOND, Special.LEAST})),
        exp.Round: ROUNDED,
    }
    gaps = (
        *PANDAS_GAPS,
        cannot(exp.SplitPart, reason=_SPLIT),
        cannot(exp.Bracket, reason=_SPLIT),
        cannot(exp.ByteLength),
        cannot(Window, "ranks by a text"),
        cannot(Join, FLOAT_KEYS),
        cannot(Sort, "an order by several keys and -0.0", says=["categories must be unique"]),
        cannot(exp.Cast, "a float of an integer beyond 2^53", says=["not in range: -9007"]),
        cannot(
            exp.Cast,
            "texts as numbers of which none is one, beside NULL",
            says=["boolean array indexing assignment cannot assign 0 input"],
        ),
    )
    note = "Columns are Arrow's (`dtype_backend=\"pyarrow\"`) in the place of NumPy's."
