"""An expression over a plan's columns -> its type, and whether it can be NULL (DuckDB's rules)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.facts.called import called
from harness.plan.facts.frames import Frame, frame_of, window_order
from harness.plan.facts.kinds import COMPARISONS, MOST_SECONDS, SECONDS
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typed import Expression, Typed, is_read, sql_type
from harness.plan.facts.windows import function_of
from harness.special import EXACT
from harness.types import Column, Schema, Type

INTERVAL_UNITS = frozenset({"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND"})
DIFFERENCE_UNITS = INTERVAL_UNITS - {"WEEK"} | {"MILLISECOND", "MICROSECOND"}
"""Units of ``datediff``: boundaries between two moments. DuckDB counts weeks differently."""
MOST_MONTHS = 120_000
"""The most months, quarters or years of an interval: there are no dates beyond the year 9999."""
_MOST_UNITS = {unit: MOST_SECONDS // seconds for unit, seconds in SECONDS.items()}
DATE_PARTS = frozenset(
    {"year", "quarter", "month", "week", "day", "dow", "isodow", "doy", "hour", "minute", "second"}
)


def infer(expression: Expression, schema: Schema, *, grouped: bool = True) -> Typed:
    """Returns the type and nullability of an expression over columns of ``schema``.

    ``grouped`` is False for the aggregates of a query without GROUP BY, whose one group may be
    empty. Raises Unsupported for an expression that has no rule here, so the rules are also the
    list of what a plan may hold.
    """
    return Inference(schema, grouped).of(expression)


class Inference:
    """Infers the types of expressions over the columns of ``schema``, and caches them.

    It has one short rule for each of sqlglot's classes, in `_RULES`. ``grouped`` is as in
    :func:`infer`. An expression must not be changed after its type was inferred.
    """

    def __init__(self, schema: Schema, grouped: bool = True) -> None:
        self.columns = {column.name: column for column in schema}
        self.grouped = grouped
        self._known: dict[int, tuple[Expression, Typed]] = {}

    def of(self, e: Expression) -> Typed:
        """Returns the type of an expression, from the cache if it is there."""
        known = self._known.get(id(e))  # the cache holds e, so that its id is not reused
        if known is None:
            rule = _RULES.get(type(e))
            if rule is None:
                raise Unsupported(called(e), in_sql(e))
            known = self._known[id(e)] = e, rule(self, e)
        return known[1]

    def any_null(self, *operands: Expression | None) -> bool:
        """True if an operand can be NULL.

        Infers the types of all operands, which raises Unsupported for one that has no rule.
        """
        found = [self.of(e) for e in operands if e is not None]
        return any(typed.nullable for typed in found)

    def common(self, operands: Sequence[Expression]) -> Type | None:
        """Returns the type that all operands widen to; None if all are NULLs without a type.

        Integers widen to floats, dates to timestamps; raises Unsupported for other types that
        differ.
        """
        types = {t for t in (self.of(e).type for e in operands) if t is not None}
        if types <= {Type.INT64, Type.FLOAT64} and len(types) == 2:
            whole = (e for e in operands if self.of(e).type is Type.INT64)
            if any(e.find(exp.Column) for e in whole):
                for e in filter(self._is_great_float, operands):
                    raise Unsupported("whole numbers beside a float beyond 2^53", in_sql(e))
            return Type.FLOAT64
        if types == {*_TIMES}:
            return Type.TIMESTAMP
        if len(types) > 1:
            kinds = " and ".join(sorted(types))
            raise Unsupported(f"{kinds} in one place", ", ".join(in_sql(x) for x in operands))
        return next(iter(types), None)

    def column(self, e: Expression) -> Typed:
        if e.name not in self.columns or e.args.get("table"):
            raise Unsupported("a column of a query further out", in_sql(e))
        column = self.columns[e.name]
        refuse_decimal(column)
        return Typed(column.type, column.nullable)

    def literal(self, e: Expression) -> Typed:
        if e.is_string:
            return Typed(Type.STRING, False)
        if not e.is_int and math.isinf(float(e.name)):
            raise Unsupported("a number that is beyond all floats", in_sql(e))
        return Typed(Type.INT64 if e.is_int else Type.FLOAT64, False)

    def null(self, e: Expression) -> Typed:
        return Typed(None, True)

    def arithmetic(self, e: Expression) -> Typed:
        left, right = self.of(e.this), self.of(e.expression)
        nullable = left.nullable or right.nullable
        if left.type is Type.DATE and isinstance(e, exp.Sub) and right.type is Type.DATE:
            return Typed(Type.INT64, nullable)
        if left.type is Type.DATE and right.type is Type.INT64:
            return Typed(Type.DATE, nullable)
        types = {left.type, right.type} - {None}
        if not types <= {Type.INT64, Type.FLOAT64}:
            raise Unsupported("arithmetic on these types", in_sql(e))
        return Typed(Type.FLOAT64 if Type.FLOAT64 in types else Type.INT64, nullable)

    def whole_division(self, e: Expression) -> Typed:
        typed = self.arithmetic(e)
        if typed.type is Type.FLOAT64:
            raise Unsupported("// of floats, which DuckDB does not round", in_sql(e))
        return typed

    def add(self, e: Expression) -> Typed:
        if not isinstance(e.expression, exp.Interval):
            return self.arithmetic(e)
        moved = self.expect(e.this, *_TIMES)
        count, unit = e.expression.this, e.expression.args.get("unit")
        if unit is None or unit.name.upper() not in INTERVAL_UNITS:
            raise Unsupported("an interval of anything but a number of units", in_sql(e))
        if isinstance(count, exp.Literal):
            if not count.name.lstrip("-").isdecimal():
                raise Unsupported("an interval of anything but a number of units", in_sql(e))
            if abs(int(count.name)) > _MOST_UNITS.get(unit.name.upper(), MOST_MONTHS):
                raise Unsupported("an interval that nanoseconds of 64 bits do not hold", in_sql(e))
            return Typed(Type.TIMESTAMP, moved.nullable)
        return Typed(Type.TIMESTAMP, self.expect(count, Type.INT64).nullable or moved.nullable)

    def comparison(self, e: Expression) -> Typed:
        if None in (self.of(e.this).type, self.of(e.expression).type):
            raise Unsupported("a comparison with NULL, which is never true", in_sql(e))
        self.common([e.this, e.expression])
        return Typed(Type.BOOLEAN, self.any_null(e.this, e.expression))

    def expect(self, e: Expression, *types: Type) -> Typed:
        """Returns the type of an operand; raises Unsupported if it is none of ``types``.

        A bare NULL may be any type.
        """
        typed = self.of(e)
        if typed.type is not None and typed.type not in types:
            wanted = " or ".join(types)
            raise Unsupported(f"{typed.type} where {wanted} is expected; cast it", in_sql(e))
        return typed

    def connective(self, e: Expression) -> Typed:
        for operand in e.iter_expressions():
            self.expect(operand, Type.BOOLEAN)
        return Typed(Type.BOOLEAN, self.any_null(e.this, e.args.get("expression")))

    def is_null(self, e: Expression) -> Typed:
        self.of(e.this)
        return Typed(Type.BOOLEAN, False)

    def is_in(self, e: Expression) -> Typed:
        if e.args.get("query") is not None:
            raise Unsupported("a subquery in this place", in_sql(e))
        self.common([e.this, *e.expressions])
        return Typed(Type.BOOLEAN, self.any_null(e.this))

    def _is_great_float(self, e: Expression) -> bool:
        """True for a float literal of 2^53 or more, or its negative: floats skip integers there."""
        number = e.this if isinstance(e, exp.Neg) else e
        is_float = isinstance(number, exp.Literal) and self.of(number).type is Type.FLOAT64
        return is_float and float(number.name) >= EXACT

    def between(self, e: Expression) -> Typed:
        parts = [e.this, e.args["low"], e.args["high"]]
        self.common(parts)
        return Typed(Type.BOOLEAN, self.any_null(*parts))

    def predicate(self, e: Expression) -> Typed:
        if not (isinstance(e.expression, exp.Literal) and e.expression.is_string):
            raise Unsupported("a pattern that is not a constant", in_sql(e))
        self.expect(e.this, Type.STRING)
        return Typed(Type.BOOLEAN, self.any_null(e.this))

    def case(self, e: Expression) -> Typed:
        for branch in e.args["ifs"]:
            self.expect(branch.this, Type.BOOLEAN)
        values = [branch.args["true"] for branch in e.args["ifs"]]
        default = e.args.get("default")
        values += [default] if default is not None else []
        return Typed(self.common(values), default is None or self.any_null(*values))

    def coalesce(self, e: Expression) -> Typed:
        operands = [e.this, *e.expressions]
        return Typed(self.common(operands), all(self.of(x).nullable for x in operands))

    def cast(self, e: Expression) -> Typed:
        nullable = isinstance(e, exp.TryCast) or self.of(e.this).nullable
        kind = sql_type(e.args["to"])
        if isinstance(e.this, exp.Literal) and e.this.is_string and not is_read(e.this.name, kind):
            raise Unsupported(f"a text that is no {kind} of the usual form", in_sql(e.this))
        if kind in _TIMES and self.of(e.this).type not in (None, Type.STRING, *_TIMES):
            raise Unsupported("a time made of no text and no time", in_sql(e))
        return Typed(kind, nullable)

    def date_part(self, e: Expression) -> Typed:
        if e.name.lower() not in DATE_PARTS:
            raise Unsupported("this part of a date", in_sql(e))
        of_day = e.name.lower() in ("hour", "minute", "second")
        self.expect(e.expression, Type.TIMESTAMP, *([] if of_day else [Type.DATE]))
        return Typed(Type.INT64, self.of(e.expression).nullable)

    def truncated(self, e: Expression) -> Typed:
        if e.args["unit"].name.upper() not in INTERVAL_UNITS:
            raise Unsupported("this unit of date_trunc", in_sql(e))
        self.expect(e.this, *_TIMES)
        return Typed(Type.TIMESTAMP, self.of(e.this).nullable)

    def bucket(self, e: Expression) -> Typed:
        """Types ``time_bucket(interval 15 minute, t)``, whose buckets share out a day evenly."""
        unit = e.this.args.get("unit") if isinstance(e.this, exp.Interval) else None
        seconds = 0 if unit is None else SECONDS.get(unit.name, 0)
        count = int(e.this.name) if seconds and e.this.name.isdecimal() else 0
        if not 0 < count * seconds < SECONDS["DAY"] or SECONDS["DAY"] % (count * seconds):
            raise Unsupported("buckets of a width that does not share out a day", in_sql(e))
        self.expect(e.expression, Type.TIMESTAMP)
        return Typed(Type.TIMESTAMP, self.of(e.expression).nullable)

    def dates_apart(self, e: Expression) -> Typed:
        if (unit := e.args["unit"].name.upper()) not in DIFFERENCE_UNITS:
            raise Unsupported(f"a difference in units of {unit}", in_sql(e))
        for moment in (e.this, e.expression):
            self.expect(moment, *_TIMES)
        return Typed(Type.INT64, self.any_null(e.this, e.expression))

    def date_of_parts(self, e: Expression) -> Typed:
        parts = [e.args[part] for part in ("year", "month", "day")]
        for part in parts:
            self.expect(part, Type.INT64)
        return Typed(Type.DATE, self.any_null(*parts))

    def part_of_text(self, e: Expression) -> Typed:
        """Types ``string_split(s, d)[n]``: a text, NULL if there are fewer than n parts."""
        split, (place,) = e.this, e.expressions
        if not isinstance(split, exp.Split) or not isinstance(place, exp.Literal):
            raise Unsupported("an element of a list, or of a text, by []", in_sql(e))
        for part, kind in (
            (split.this, Type.STRING),
            (split.expression, Type.STRING),
            (place, Type.INT64),
        ):
            self.expect(part, kind)
        return Typed(Type.STRING, True)

    def joined(self, e: Expression) -> Typed:
        if not isinstance(e.expressions[0], exp.Literal):
            raise Unsupported("a separator that is not a constant", in_sql(e))
        for part in e.expressions[1:]:
            self.expect(part, Type.STRING, Type.INT64)
        return Typed(Type.STRING, False)

    def rounded(self, e: Expression) -> Typed:
        if e.args.get("decimals") is not None:
            self.expect(e.args["decimals"], Type.INT64)
        return self.number(e)

    def number(self, e: Expression) -> Typed:
        return self.expect(e.this, Type.INT64, Type.FLOAT64)

    def concat(self, e: Expression) -> Typed:
        for part in e.expressions:
            self.expect(part, Type.STRING, Type.INT64)
        return Typed(Type.STRING, False)

    def piped(self, e: Expression) -> Typed:
        parts = [self.expect(part, Type.STRING) for part in (e.this, e.expression)]
        return Typed(Type.STRING, any(part.nullable for part in parts))

    def interval(self, e: Expression) -> Typed:
        raise Unsupported("an interval by itself", in_sql(e))

    def count(self, e: Expression) -> Typed:
        if isinstance(e.this, exp.Distinct):
            self.of(e.this.expressions[0])
        elif not isinstance(e.this, exp.Star):
            self.of(e.this)
        return Typed(Type.INT64, False)

    def extreme(self, e: Expression) -> Typed:
        self.column_in(e)
        value = self.of(e.this.expressions[0] if isinstance(e.this, exp.Distinct) else e.this)
        return Typed(value.type, value.nullable or not self.grouped)

    def column_in(self, e: Expression) -> None:
        if e.find(exp.Column) is None:
            raise Unsupported("an aggregate of a constant", in_sql(e))

    def sum(self, e: Expression) -> Typed:
        self.numbers(e)
        return self.extreme(e)

    def numbers(self, e: Expression) -> None:
        argument = e.this.expressions[0] if isinstance(e.this, exp.Distinct) else e.this
        self.expect(argument, Type.INT64, Type.FLOAT64)

    def mean(self, e: Expression) -> Typed:
        self.numbers(e)
        return Typed(Type.FLOAT64, self.extreme(e).nullable)

    def quantile(self, e: Expression) -> Typed:
        if not isinstance(e.expression, exp.Literal):
            raise Unsupported(
                "a quantile in an order, counted from the greatest, or computed", in_sql(e)
            )
        return self.extreme(e) if isinstance(e, exp.PercentileDisc) else self.mean(e)

    def spread(self, e: Expression) -> Typed:
        self.column_in(e)
        self.numbers(e)  # a group of one row has no sample deviation
        return Typed(Type.FLOAT64, True)

    def at_extreme(self, e: Expression) -> Typed:
        """Types ``arg_max(value, key)``, which ignores rows where value or key is NULL."""
        self.of(e.expression)
        if e.args.get("count") is not None:
            raise Unsupported("a list as a value", in_sql(e))
        return Typed(self.of(e.this).type, True)

    def text_of_group(self, e: Expression) -> Typed:
        if not isinstance(e.this, exp.Order):
            raise Unsupported("string_agg without ORDER BY", in_sql(e))
        for key in e.this.expressions:
            self.of(key.this)
        return Typed(
            Type.STRING, self.expect(e.this.this, Type.STRING).nullable or not self.grouped
        )

    def correlation(self, e: Expression) -> Typed:
        self.column_in(e)
        self.of(e.this), self.of(e.expression)
        return Typed(Type.FLOAT64, True)

    def window(self, e: Expression) -> Typed:
        function = function_of(e)
        for part in [*(e.args.get("partition_by") or []), *window_order(e)]:
            self.of(part.this if isinstance(part, exp.Ordered) else part)
        if isinstance(function, (exp.RowNumber, exp.Rank, exp.DenseRank)):
            return Typed(Type.INT64, False)
        frame = frame_of(e)
        if frame.kind == "range":
            self.measured(window_order(e)[0].this, frame)
        if isinstance(function, exp.Count):
            return self.of(function)
        if isinstance(function, (exp.Lag, exp.Lead)):
            value, default = self.of(function.this), function.args.get("default")
            self.expect(function.args.get("offset") or exp.Literal.number(1), Type.INT64)
            if default is not None and self.of(default).type not in (value.type, None):
                raise Unsupported("a default of another type", in_sql(function))
            return Typed(value.type, True)
        if isinstance(function, (exp.FirstValue, exp.LastValue, exp.NthValue)):
            value = self.of(function.this)
            late = function is not e.this or isinstance(function, exp.NthValue)
            return Typed(value.type, value.nullable or late)
        value = self.of(function)
        return Typed(value.type, value.nullable or not frame.has_current_row)

    def measured(self, key: Expression, frame: Frame) -> None:
        """Raises Unsupported if the distances of a frame of values are not those of its key."""
        numbers = not isinstance(frame.high, timedelta)
        if numbers and self.of(key).type in _TIMES:
            raise Unsupported("a frame of dates by a number; write INTERVAL 7 DAY", in_sql(key))
        for distance in (frame.low, frame.high):
            self.expect(key, *_MEASURED_BY[type(distance)])


_MEASURED_BY: dict[type, tuple[Type, ...]] = {
    int: (Type.INT64, Type.FLOAT64),
    float: (Type.FLOAT64,),
    timedelta: (Type.DATE, Type.TIMESTAMP),
    type(None): tuple(Type),
}
"""The kind of a frame's distances -> the types of keys that it is a distance of."""
DECIMAL = "a DECIMAL in a place that only DuckDB handles; cast it to double"


def refuse_decimal(column: Column) -> None:
    """Raises Unsupported for a decimal column: libraries compute with decimals differently."""
    if column.type is Type.DECIMAL:
        raise Unsupported(DECIMAL, column.name)


def _strict(result: Type, *types: Type) -> Callable[[Inference, Expression], Typed]:
    """Makes a rule for functions that are NULL if an operand is; a rule infers their type.

    ``result`` is the type of the function, ``types`` are those allowed for its operands, except for
    later ones for which `_OTHERS` lists other types.
    """

    def rule(self: Inference, e: Expression) -> Typed:
        operands = {name: v for name, v in e.args.items() if isinstance(v, Expression)}
        others = {"format": (Type.STRING,), **_OTHERS.get(type(e), {})}
        found = [
            self.expect(operand, *(types if name == "this" else others.get(name, types)))
            for name, operand in operands.items()
            if not isinstance(operand, (exp.Var, exp.Identifier))
        ]
        return Typed(result, any(typed.nullable for typed in found))

    return rule


_NUMBER = (Type.INT64,)
_TIMES = (Type.DATE, Type.TIMESTAMP)
_OTHERS: dict[type[Expression], dict[str, tuple[Type, ...]]] = {
    exp.Substring: {"start": _NUMBER, "length": _NUMBER},
    exp.Repeat: {"times": _NUMBER},
    exp.Pad: {"expression": _NUMBER},
    exp.Right: {"expression": _NUMBER},
    exp.SplitPart: {"part_index": _NUMBER},
    exp.RegexpExtract: {"group": _NUMBER, "null_if_pos_overflow": (Type.BOOLEAN,)},
}
"""Operands whose types differ from the first one's; a text is never read as a number here."""


_Rule = Callable[[Inference, Expression], Typed]
_STRINGS = (
    exp.Upper, exp.Lower, exp.Trim, exp.Substring, exp.Replace, exp.Reverse, exp.Repeat, exp.Pad,
    exp.Right, exp.SplitPart, exp.RegexpReplace, exp.RegexpExtract,
)  # fmt: skip
_FLOATS = (
    *(exp.Div, exp.Pow, exp.Ln, exp.Log, exp.Sqrt, exp.Exp, exp.Floor, exp.Ceil),
    *(exp.Sin, exp.Cos, exp.Tan, exp.Asin, exp.Acos, exp.Atan, exp.Atan2),
    *(exp.Radians, exp.Degrees),
)
STRICT: dict[type[Expression], tuple[Type, ...]] = {
    exp.StrPosition: (Type.INT64, Type.STRING),
    exp.Sign: (Type.INT64, Type.INT64, Type.FLOAT64),
    exp.LastDay: (Type.DATE, Type.DATE, Type.TIMESTAMP),
    exp.StrToTime: (Type.TIMESTAMP, Type.STRING),
    **dict.fromkeys((exp.ByteLength, exp.Length), (Type.INT64, Type.STRING)),
    exp.TimeToStr: (Type.STRING, Type.DATE, Type.TIMESTAMP),
    **dict.fromkeys(_STRINGS, (Type.STRING, Type.STRING)),
    **dict.fromkeys(_FLOATS, (Type.FLOAT64, Type.INT64, Type.FLOAT64)),
}
"""Functions that are NULL if an operand is: class -> (result type, *types of the first operand)."""
_RULES: dict[type[Expression], _Rule] = {
    exp.Column: Inference.column,
    exp.Literal: Inference.literal,
    exp.Boolean: lambda self, e: Typed(Type.BOOLEAN, False),
    exp.Null: Inference.null,
    exp.Neg: Inference.number,
    exp.Add: Inference.add,
    exp.Sub: Inference.add,
    exp.Mul: Inference.arithmetic,
    exp.Mod: Inference.arithmetic,
    exp.IntDiv: Inference.whole_division,
    **dict.fromkeys(COMPARISONS, Inference.comparison),
    exp.And: Inference.connective,
    exp.Or: Inference.connective,
    exp.Not: Inference.connective,
    exp.Is: Inference.is_null,
    exp.In: Inference.is_in,
    exp.Between: Inference.between,
    exp.Like: Inference.predicate,
    exp.ILike: Inference.predicate,
    exp.RegexpLike: Inference.predicate,
    exp.StartsWith: Inference.predicate,
    exp.EndsWith: Inference.predicate,
    exp.Contains: Inference.predicate,
    exp.Case: Inference.case,
    exp.Coalesce: Inference.coalesce,
    exp.Greatest: Inference.coalesce,
    exp.Least: Inference.coalesce,
    exp.Cast: Inference.cast,
    exp.TryCast: Inference.cast,
    exp.Extract: Inference.date_part,
    exp.TimestampTrunc: Inference.truncated,
    exp.DateBin: Inference.bucket,
    exp.Round: Inference.rounded,
    exp.Abs: Inference.number,
    exp.Concat: Inference.concat,
    exp.DPipe: Inference.piped,
    exp.ConcatWs: Inference.joined,
    exp.Bracket: Inference.part_of_text,
    exp.DateDiff: Inference.dates_apart,
    exp.DateFromParts: Inference.date_of_parts,
    **{function: _strict(*types) for function, types in STRICT.items()},
    exp.Interval: Inference.interval,
    exp.Count: Inference.count,
    exp.Sum: Inference.sum,
    exp.Min: Inference.extreme,
    exp.Max: Inference.extreme,
    exp.Avg: Inference.mean,
    exp.Median: Inference.mean,
    exp.PercentileCont: Inference.quantile,
    exp.StddevSamp: Inference.spread,
    exp.Variance: Inference.spread,
    exp.StddevPop: Inference.mean,
    exp.VariancePop: Inference.mean,
    exp.AnyValue: Inference.extreme,
    exp.PercentileDisc: Inference.quantile,
    exp.ArgMin: Inference.at_extreme,
    exp.ArgMax: Inference.at_extreme,
    exp.GroupConcat: Inference.text_of_group,
    exp.Corr: Inference.correlation,
    exp.Window: Inference.window,
}
KNOWN = tuple(_RULES)
"""The expression classes that a plan may hold, apart from functions that only windows have."""
