"""Emits the aggregates of a GROUP BY as options of Acero's nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from harness.engines.pyarrow.expressions import ArrowExpressions
from harness.engines.python.functions import one_zero
from harness.engines.python.gaps import OTHER_DISTINCT
from harness.engines.python.kernel import quoted
from harness.plan.facts.columns import fresh
from harness.plan.facts.kinds import DEVIATIONS
from harness.plan.facts.printing import in_sql
from harness.plan.tree.nodes import (
    Aggregate,
    Expression,
    Item,
    Join,
    Node,
    Project,
    Union,
    columns_in,
    walk,
)
from harness.types import Type

_SAMPLE = "pc.VarianceOptions(ddof=1)"  # the divisor is n - 1: NULL for one value
_FUNCTIONS: dict[type[Expression], tuple[str, str | None]] = {
    exp.Sum: ("sum", None),
    exp.Avg: ("mean", None),
    exp.Min: ("min", None),
    exp.Max: ("max", None),
    exp.StddevSamp: ("stddev", _SAMPLE),
    exp.StddevPop: ("stddev", None),
    exp.Variance: ("variance", _SAMPLE),
    exp.VariancePop: ("variance", None),
    exp.AnyValue: ("min", None),  # Arrow's "first" needs a single thread
}
_LISTED = (exp.Median, exp.PercentileCont)
_VARIANCES = (exp.Corr, *DEVIATIONS)
_EXTREMES = (exp.Min, exp.Max, exp.AnyValue)


@dataclass(frozen=True)
class ArrowCall:
    """A call of an Arrow aggregate function: its column (None for a count of rows) and options."""

    function: str
    argument: Expression | None
    options: str | None = None


@dataclass(frozen=True)
class Quantile:
    """A quantile that is computed from a column of lists: names of the columns that this needs.

    ``counts`` is the column with the number of values in each list that are not NULL.
    """

    name: str
    lists: str
    counts: str
    q: str


def misses_constants(node: Aggregate) -> bool:
    """True if Arrow 26 may be wrong for an aggregate of a column that is constant in a batch.

    Variances of a whole table then forget earlier batches; lists of a group's values lack the
    constant batch's; and the least and the greatest of a whole table take a batch of NULL for 0.
    """
    below = list(walk(node.input))
    wrong = _LISTED if node.keys else _VARIANCES
    if any(isinstance(e, wrong) for _, e in node.aggregates):
        return any(_has_constants(n) for n in below)
    extremes = not node.keys and any(isinstance(e, _EXTREMES) for _, e in node.aggregates)
    mixed = extremes and any(isinstance(n, Union) for n in below)
    return mixed and any(_has_constants(n, of_null=True) for n in below)


def _has_constants(node: Node, of_null: bool = False) -> bool:
    """True if a node adds a column of a constant, or of a scalar subquery's value.

    If ``of_null``, only constants count that are NULL, and values that may be.
    """
    if isinstance(node, Project):
        constants = [e for _, e in node.items if not columns_in(e)]
        return any(not of_null or e.find(exp.Null) is not None for e in constants)
    if isinstance(node, Join) and node.kind == "single":
        return not of_null or any(column.nullable for column in node.right.schema)
    return False


def call_of(e: Expression, print_: ArrowExpressions) -> ArrowCall:
    """Returns the call of Arrow's function for an aggregate; raises Unsupported if it has none.

    ``print_`` emits the aggregate's argument.
    """
    if isinstance(e, exp.Count):
        if isinstance(e.this, exp.Distinct):
            return ArrowCall("count_distinct", _key(e.this.expressions[0], print_))
        is_all = isinstance(e.this, (exp.Star, exp.Literal))
        return ArrowCall("count_all", None) if is_all else ArrowCall("count", e.this)
    if isinstance(e, (exp.Median, exp.PercentileCont)):
        raise print_.gaps.unsupported("a quantile over a partition", in_sql(e))
    if type(e) not in _FUNCTIONS:
        raise print_.gaps.missing(type(e), in_sql(e))
    argument = e.this
    if isinstance(argument, exp.Distinct):
        if not isinstance(e, (exp.Min, exp.Max)):
            raise print_.gaps.unsupported(OTHER_DISTINCT, in_sql(e))
        argument = argument.expressions[0]
    function, options = _FUNCTIONS[type(e)]
    return ArrowCall(function, argument, options)


def _key(e: Expression, print_: ArrowExpressions) -> Expression:
    return one_zero(e) if print_.type(e) is Type.FLOAT64 else e


@dataclass
class Grouping:
    """Collects what is computed before, in and after an aggregation.

    ``inputs`` are the columns that the aggregation reads, by name; ``outputs`` are the answer's
    columns that are computed from its results.
    """

    print_: ArrowExpressions
    keys: Sequence[Item]
    inputs: dict[str, Expression] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)
    aggregates: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    quantiles: list[Quantile] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inputs.update({name: _key(e, self.print_) for name, e in self.keys})

    @property
    def computes_inputs(self) -> bool:
        """Whether the aggregation reads a column that its input does not have."""
        plain = all(isinstance(e, exp.Column) and e.name == n for n, e in self.inputs.items())
        values = self.print_.values.keys()
        return bool(self.printed) or not plain or bool(values & self.inputs.keys())

    def input_texts(self) -> dict[str, str]:
        texts = {name: self.print_.expression(e) for name, e in self.inputs.items()}
        return texts | self.printed

    def add(self, name: str, e: Expression) -> None:
        composed: dict[type[Expression], Callable[[str, Expression], None]] = {
            exp.Corr: self._correlation,
            exp.Median: self._quantile,
            exp.PercentileCont: self._quantile,
        }
        if type(e) in composed:
            composed[type(e)](name, e)
        else:
            self._call(name, call_of(e, self.print_))

    def _call(self, name: str, call: ArrowCall) -> None:
        column = "[]" if call.argument is None else quoted(self._input(call.argument, name))
        self._aggregate(name, column, call.function, call.options)

    def _aggregate(self, name: str, column: str, function: str, options: str | None) -> None:
        function = f"hash_{function}" if self.keys else function
        self.names.append(name)
        self.aggregates.append(f"({column}, {quoted(function)}, {options}, {quoted(name)})")

    def _input(self, e: Expression, wanted: str) -> str:
        """Returns the name of the column for ``e``, an aggregate's argument; adds it if it is new.

        ``wanted`` is the name for a new column, numbered if it is taken.
        """
        if isinstance(e, exp.Column) and e.name not in self.print_.values:
            wanted = e.name
        for name, known in self.inputs.items():
            if known == e:
                return name
        name = fresh(wanted, {*self.inputs, *self.printed})
        self.inputs[name] = e
        return name

    def _quantile(self, name: str, e: Expression) -> None:
        value = self._input(e.this, name)
        q = self.print_.text(e.expression) if isinstance(e, exp.PercentileCont) else "0.5"
        quantile = Quantile(name, f"{name}_list", f"{name}_count", q)
        if self.keys:
            self._aggregate(quantile.lists, quoted(value), "list", None)
            self._aggregate(quantile.counts, quoted(value), "count", None)
        else:
            quantile = Quantile(name, value, "", q)
        self.quantiles.append(quantile)

    def _correlation(self, name: str, e: Expression) -> None:
        """Emits a correlation, as column ``name``: var(x + y) - var(x - y) = 4 cov(x, y)."""
        x, y = self._paired(e.this, e.expression), self._paired(e.expression, e.this)
        total = self.print_.text(exp.Add(this=e.this.copy(), expression=e.expression.copy()))
        difference = self.print_.text(exp.Sub(this=e.this.copy(), expression=e.expression.copy()))
        parts = {"x": x, "y": y, "sum": total, "difference": difference}
        for part, text in parts.items():
            self.printed[f"{name}_{part}"] = text
            self._aggregate(f"{name}_{part}", quoted(f"{name}_{part}"), "variance", None)
        x, y, total, difference = (f"pc.field({quoted(f'{name}_{part}')})" for part in parts)
        ratio = f"pc.divide({total} - {difference}, pc.sqrt({x} * {y}) * 4)"
        self.outputs[name] = f'pc.if_else({x} * {y} > 0, {ratio}, float("nan"))'

    def _paired(self, e: Expression, partner: Expression) -> str:
        """Returns the text of a value that is made NULL in rows in which ``partner`` is NULL."""
        text = self.print_.expression(e)
        if not self.print_.nullable(partner):
            return text
        return f"pc.if_else({self.print_.operand(partner, 7)}.is_valid(), {text}, None)"
