"""Finds clauses of a parsed query that the plan layer does not read, and refuses the query.

A clause that is parsed but not read would be missing from every program, without a message. So only
the arguments listed below may be set. A test checks that they are sqlglot's, and that its other
arguments are known not to be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.facts.called import called, called_clause
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typed import Expression

_READ = """
    Abs: this
    Acos: this
    Add: expression this
    Alias: alias this
    All: this
    And: expression this
    Any: this
    AnyValue: this
    ArgMax: expression this
    ArgMin: expression this
    Asin: this
    Atan2: expression this
    Atan: this
    Avg: this
    Between: high low this
    BitwiseAnd: expression this
    Boolean: this
    Bracket: expressions this
    ByteLength: this
    CTE: alias this
    Case: default ifs this
    Cast: this to
    Ceil: this
    Coalesce: expressions this
    Column: table this
    Concat: coalesce expressions safe
    ConcatWs: coalesce expressions safe
    Contains: expression this
    Corr: expression this
    Cos: this
    Count: big_int this
    CountIf: this
    Cube: expressions
    CumeDist:
    DPipe: expression safe this
    DataType: this
    DataTypeParam: this
    DateAdd: expression this
    DateBin: expression this
    DateDiff: date_part_boundary expression this unit
    DateFromParts: day month year
    Day: this
    DayOfMonth: this
    DayOfWeek: this
    DayOfWeekIso: this
    DayOfYear: this
    Dayname: this
    Degrees: this
    DenseRank:
    Distinct: expressions on
    Div: expression this
    EQ: expression this
    EndsWith: expression this
    Except: distinct expression limit offset order this with_
    Exists: this
    Exp: this
    Extract: expression this
    Filter: expression this
    First: this
    FirstValue: this
    Floor: this
    From: this
    GT: expression this
    GTE: expression this
    Greatest: expressions ignore_nulls this
    Group: all expressions
    GroupConcat: separator this
    Grouping: expressions
    GroupingSets: expressions
    Having: this
    Hour: this
    ILike: expression negate this
    Identifier: quoted this
    If: false this true
    IgnoreNulls: this
    In: expressions query this
    IntDiv: expression this
    Intersect: distinct expression limit offset order this with_
    Interval: this unit
    Is: expression this
    Join: kind method on side this using
    LT: expression this
    LTE: expression this
    Lag: default offset this
    Last: this
    LastDay: this
    LastValue: this
    Lateral: alias this
    Lead: default offset this
    Least: expressions ignore_nulls this
    Left: expression this
    Length: this
    Like: expression negate this
    Limit: expression
    Literal: is_string this
    Ln: this
    Log: expression this
    LogicalAnd: this
    LogicalOr: this
    Lower: this
    Max: this
    Median: this
    Min: this
    Minute: this
    Mod: expression this
    Month: this
    Monthname: this
    Mul: expression this
    NEQ: expression this
    Neg: this
    Not: this
    NthValue: offset this
    Ntile: this
    Null:
    NullSafeEQ: expression this
    NullSafeNEQ: expression this
    Nullif: expression this
    Offset: expression
    Or: expression this
    Order: expressions this
    Ordered: desc nulls_first this
    Pad: expression fill_pattern is_left this
    Paren: this
    PercentRank:
    PercentileCont: expression this
    PercentileDisc: expression this
    Pow: expression this
    Qualify: this
    Quantile: quantile this
    Quarter: this
    Radians: this
    Rank:
    RegexpExtract: expression group null_if_pos_overflow parameters this
    RegexpFullMatch: expression options this
    RegexpLike: expression flag this
    RegexpReplace: expression modifiers replacement single_replace this
    Repeat: this times
    Replace: expression replacement this
    RespectNulls: this
    Reverse: this
    Right: expression this
    Rollup: expressions
    Round: decimals this
    RowNumber:
    Second: this
    Select: distinct expressions from_ group having joins limit offset order
    Select: qualify where windows with_
    Sign: this
    SimilarTo: expression this
    Sin: this
    Slice: expression this
    Split: expression this
    SplitPart: delimiter part_index this
    Sqrt: this
    Star: except_ rename replace
    StartsWith: expression this
    Stddev: this
    StddevPop: this
    StddevSamp: this
    StrPosition: substr this
    StrToTime: format this
    Sub: expression this
    Subquery: alias this
    Substring: length start this
    Sum: this
    Table: alias this
    TableAlias: columns this
    Tan: this
    TimeToStr: format this
    TimestampTrunc: this unit
    ToDays: this
    Trim: expression position this
    Trunc: this
    TryCast: safe this to
    Tuple: expressions
    Union: distinct expression limit offset order this with_
    Upper: this
    Values: alias expressions
    Var: this
    Variance: this
    VariancePop: this
    Week: this
    Where: this
    Window: alias order over partition_by spec this
    WindowSpec: end end_side exclude kind start start_side
    With: expressions
    Year: this
"""
"""sqlglot's node classes, and the arguments that the plan layer reads of each."""


@cache
def read_arguments() -> Mapping[str, frozenset[str]]:
    """Returns the arguments of sqlglot's expressions that are read, by the name of the class."""
    read: dict[str, frozenset[str]] = {}
    for line in _READ.strip().splitlines():
        name, _, arguments = line.strip().partition(":")
        read[name] = read.get(name, frozenset()) | frozenset(arguments.split())
    return read


def refuse_unread(tree: Expression) -> None:
    """Raises Unsupported if an argument is set that is not read.

    Also if the class of an expression in the tree is not known.
    """
    for node, argument in _used(tree):
        known = read_arguments().get(type(node).__name__)
        if known is None:
            raise Unsupported(called(node), in_sql(node))
        if isinstance(node, (exp.ArgMax, exp.ArgMin)) and isinstance(node.this, exp.Distinct):
            raise Unsupported("DISTINCT in arg_max or arg_min", in_sql(node))
        if isinstance(node, exp.Column) and node.is_star and not isinstance(node.parent, exp.Query):
            raise Unsupported("a star in a function", in_sql(node))
        if argument is not None and argument not in known:
            raise Unsupported(called_clause(node, argument), in_sql(node))


def _used(tree: Expression) -> Iterator[tuple[Expression, str | None]]:
    """Yields (expression, None), then (expression, argument) for each argument that is not empty.

    ``argument`` is its name in sqlglot's ``args``. The digits of a DECIMAL are left out.
    """
    for node in tree.walk():
        yield node, None
        for name, value in node.args.items():
            if value not in (None, False, []) and not (is_decimal_type(node) and name in _DIGITS):
                yield node, name


def is_decimal_type(node: Expression) -> bool:
    """True for DECIMAL, whose digits are read (:mod:`harness.plan.sql.decimals`)."""
    return isinstance(node, exp.DataType) and node.this is exp.DType.DECIMAL


_DIGITS = ("expressions",)
"""The argument of a type that holds how many digits there are, and how many after the point."""
