"""Emits expressions over one frame for Dask: as for pandas, except for what NumPy computes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from sqlglot import exp

from harness.engines.pandas.expressions import PandasExpressions
from harness.engines.python.kernel import ATOM, Code, enclosed, listing, mapping
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typed import Typed
from harness.plan.tree.nodes import Expression, columns_in

_ARITHMETIC = (exp.Column, exp.Identifier, exp.Literal, exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Div)


_BY_PARTITION = (exp.Bracket, exp.DateFromParts, exp.Greatest, exp.Least, exp.SplitPart)
"""Expressions that Dask lacks and that the partitions' library has."""
_REMAINDERS = (exp.Mod, exp.IntDiv)
_COUNTED_IN_TEXT = (exp.ByteLength, exp.Length, exp.StrPosition)
"""Expressions that Dask takes for floats, since its sample of a text column has NULLs."""


class DaskExpressions(PandasExpressions):
    """Emits expressions as operations on lazy columns.

    An expression that would give a NumPy array, or a column not derived from the frame, is
    computed partition by partition: its text comes from ``local``, the emitter for the
    partitions' library.
    """

    library: ClassVar[str] = "dd"
    present: ClassVar[str] = "notnull()"
    local: ClassVar[type[PandasExpressions]] = PandasExpressions
    proven: Mapping[str, str] = MappingProxyType({})
    """Column without NULLs -> its dtype, if its own allows NULLs, which Dask's samples have."""

    def code(self, e: Expression) -> Code:
        if (isinstance(e, _BY_PARTITION) or _is_of_remainders(e)) and columns_in(e):
            emitter = self.local(self.gaps, self.schema, self.frame, self.narrow)
            return Code(self._locally(emitter.text(e), columns_in(e)), ATOM)
        if isinstance(e, _COUNTED_IN_TEXT) and not self.nullable(e):
            return Code(f'{enclosed(super().code(e), ATOM)}.astype("int64")', ATOM)
        return super().code(e)

    def case(self, e: Expression) -> Code:
        emitter = self.local(self.gaps, self.schema, self.frame, self.narrow)
        text, series = emitter.code(e).text, f"{emitter.library}.Series("
        if not any(maker in text for maker in ("np.where(", "np.select(", series)):
            return super().case(e)
        if text.startswith("np."):
            text = f"{series}{text}, index={self.frame}.index)"
        return Code(self._locally(text, columns_in(e)), ATOM)

    def constant(self, text: str, typed: Typed) -> str:
        emitter = self.local(self.gaps, self.schema, self.frame)
        return self._locally(emitter.constant(text, typed), {c.name for c in self.schema[:1]})

    def _locally(self, text: str, columns: set[str], meta: str = "") -> str:
        """Emits a column computed partition by partition, by the expression ``text``.

        ``columns`` are those that it reads, ``meta`` is the text of Dask's option of this name.
        """
        read = [c.name for c in self.schema if c.name in columns]
        plain = {name: dtype for name, dtype in self.proven.items() if name in read}
        cast = f".astype({mapping(plain)})" if plain else ""
        rows = f"{self.frame}[{listing(read)}]{cast}"
        return f"{rows}.map_partitions(lambda {self.frame}: {text}{meta})"

    def parsed_time(self, value: Code, form: str, coerce: str) -> str:
        """Emits texts parsed as times, partition by partition.

        ``form`` is the format's text; ``coerce`` that of an option for texts that are no times, or
        empty. Dask's own function guesses its result from a sample of rows.
        """
        call = self.local(self.gaps, self.schema, self.frame).parsed_time(_NOTHING, form, coerce)
        name, _, options = call.removesuffix(")").partition("(, ")
        text = value.text if value.precedence == ATOM else f"({value.text})"
        return f'{text}.map_partitions({name}, {options}, meta=(None, "datetime64[us]"))'

    def parsed_number(self, text: str, coerce: str) -> str:
        call = self.local(self.gaps, self.schema, self.frame).parsed_number("", coerce)
        name, _, options = call.partition("(, ")
        return f"{text}.map_partitions({name}, {options}"

    def total(self, e: Expression) -> str:
        """Returns the text of an aggregate of the whole frame, which is a lazy scalar."""
        if isinstance(e, exp.Count) and isinstance(e.this, exp.Star):
            return f"{self.frame}.index.size"
        if isinstance(e, (exp.Median, exp.PercentileCont)):
            raise self.gaps.unsupported("an exact quantile of a whole table", in_sql(e))
        if isinstance(e, (exp.ArgMax, exp.ArgMin)):
            what = "a value at an extreme of another in a whole table"
            raise self.gaps.unsupported(what, in_sql(e))
        self.gaps.refuse(type(e), e)
        return super().total(e)


_NOTHING = Code("", ATOM)


def _is_of_remainders(e: Expression) -> bool:
    """True for a remainder of a remainder or of ``sign``, for which Dask finds no dtype."""
    computed = e.find_all(*_REMAINDERS, exp.Sign)
    return isinstance(e, _REMAINDERS) and any(inner is not e for inner in computed)


class Scalars(PandasExpressions):
    """Emits arithmetic on the lazy scalars that stand for a frame of one row."""

    values: Mapping[str, str]

    def column(self, e: Expression) -> Code:
        return Code(self.values[e.name], ATOM)

    @staticmethod
    def can(e: Expression) -> bool:
        return all(isinstance(part, _ARITHMETIC) for part in e.walk())
