"""DuckDB's dialect of sqlglot, corrected for case of names and types of literals."""

from __future__ import annotations

from typing import Any

from sqlglot import exp
from sqlglot.dialects.dialect import NormalizationStrategy
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.generators.duckdb import DuckDBGenerator
from sqlglot.parsers.duckdb import DuckDBParser
from sqlglot.tokenizer_core import TokenType

MOST_DIGITS = 38
"""The most digits of a decimal; a literal with more is a float."""


def _annotate_literal(annotator: Any, literal: exp.Literal) -> exp.Literal:
    """Gives a number with a point and no exponent the type DECIMAL."""
    annotator._annotate_literal(literal)
    text = literal.name.lower()
    if literal.is_number and "." in text and "e" not in text and len(text) <= MOST_DIGITS + 1:
        annotator._set_type(literal, exp.DType.DECIMAL)
    return literal


def _annotate_alike(annotator: Any, call: exp.Expr) -> exp.Expr:
    """Gives a function the type of its first argument."""
    typed: exp.Expr = annotator._annotate_by_args(call, "this")
    return typed


def _annotate_difference(annotator: Any, difference: exp.Sub) -> exp.Sub:
    """Gives the difference of two dates, which is a number of days, the type BIGINT."""
    DuckDB.EXPRESSION_METADATA[exp.Sub]["annotator"](annotator, difference)
    if all(side.is_type(exp.DType.DATE) for side in (difference.left, difference.right)):
        annotator._set_type(difference, exp.DType.BIGINT)
    return difference


def _annotate_median(annotator: Any, median: exp.Median) -> exp.Median:
    """Gives the median of numbers the type DOUBLE, of others their own."""
    annotator._annotate_by_args(median, "this")
    if median.is_type(*exp.DataType.NUMERIC_TYPES):
        annotator._set_type(median, exp.DType.DOUBLE)
    return median


_OF_TEXT = (
    *(exp.Replace, exp.SplitPart, exp.RegexpReplace, exp.RegexpExtract, exp.Pad, exp.Right),
    exp.Left,
)
"""Functions whose result is text."""


SIGNED = "signed"
"""Mark of a column with a plus sign, which is no name of an item of the SELECT list."""


def _parse_plus(parser: Any) -> Any:
    """Parses ``+x`` as x, as sqlglot does, but ``+1`` as ``(0 + 1)``.

    That is no position in the SELECT list, as a bare 1 in ORDER BY is. A column is marked SIGNED.
    """
    operand = parser._parse_unary()
    if isinstance(operand, exp.Column):
        operand.meta[SIGNED] = True
    if not isinstance(operand, exp.Expr) or not is_place(operand):
        return operand
    return exp.Paren(this=exp.Add(this=exp.Literal.number(0), expression=operand))


def is_place(e: exp.Expr) -> bool:
    """True if an ORDER BY key is a whole number, and so a position in the SELECT list.

    Parentheses and signs do not matter.
    """
    if isinstance(e, (exp.Paren, exp.Neg)):
        return is_place(e.this)
    return isinstance(e, exp.Literal) and e.is_int


def _by_unit(name: str) -> Any:
    """Returns a function that builds the tree of a call of ``name`` from its arguments.

    The first is a unit of time, and only a text counts as one: in ``date_trunc(day, t)``,
    ``day`` is a column.
    """
    build = DuckDBParser.FUNCTIONS[name]

    def built(arguments: list[exp.Expr]) -> exp.Expr:
        known = bool(arguments) and arguments[0].is_string
        return build(arguments) if known else exp.Anonymous(this=name, expressions=arguments)

    return built


def _bucket(arguments: list[exp.Expr]) -> exp.Expr:
    """Builds ``time_bucket``; DuckDB's third argument is an origin, sqlglot's a unit."""
    if len(arguments) > 3:
        return exp.Anonymous(this="time_bucket", expressions=arguments)
    return exp.DateBin(**dict(zip(("this", "expression", "origin"), arguments, strict=False)))


def _quantifier(name: str, kind: type[exp.Any | exp.All]) -> Any:
    """Returns a function that builds ``name`` of ``values (1), (2)``, as sqlglot builds ANY."""

    def built(arguments: list[exp.Expr]) -> exp.Expr:
        if len(arguments) == 1 and isinstance(arguments[0], exp.Values):
            return kind(this=exp.Subquery(this=arguments[0]))
        return exp.Anonymous(this=name, expressions=arguments)

    return built


class _Tokenizer(DuckDB.Tokenizer):
    IDENTIFIERS = ['"', "`"]  # noqa: RUF012 (as sqlglot declares it)


class _Parser(DuckDBParser):
    FUNCTIONS = {  # noqa: RUF012 (as sqlglot declares it)
        **DuckDBParser.FUNCTIONS,
        **{name: _by_unit(name) for name in ("DATE_DIFF", "DATEDIFF", "DATE_TRUNC", "DATETRUNC")},
        "TIME_BUCKET": _bucket,
        "SOME": _quantifier("SOME", exp.Any),
        "ALL": _quantifier("ALL", exp.All),
        "ANY_VALUE": exp.AnyValue.from_arg_list,  # without IGNORE NULLS, which a window would take
    }
    UNARY_PARSERS = {**DuckDBParser.UNARY_PARSERS, TokenType.PLUS: _parse_plus}  # noqa: RUF012


class _Generator(DuckDBGenerator):
    TRANSFORMS = {  # noqa: RUF012
        **DuckDBGenerator.TRANSFORMS,
        exp.ByteLength: lambda generator, e: generator.func("STRLEN", e.this),  # not of a blob
    }


class Written(DuckDB):
    """The dialect in which workloads are written."""

    Tokenizer = _Tokenizer
    Parser = _Parser
    Generator = _Generator
    NORMALIZATION_STRATEGY = NormalizationStrategy.CASE_SENSITIVE
    EXPRESSION_METADATA = {  # noqa: RUF012 (as sqlglot declares it)
        **DuckDB.EXPRESSION_METADATA,
        exp.Literal: {"annotator": _annotate_literal},
        exp.Div: {"returns": exp.DType.DOUBLE},
        exp.Sub: {"annotator": _annotate_difference},
        exp.Median: {"annotator": _annotate_median},
        **{kind: {"returns": exp.DType.BIGINT} for kind in (exp.ByteLength, exp.Grouping)},
        **{kind: {"returns": exp.DType.VARCHAR} for kind in _OF_TEXT},
        **{kind: {"annotator": _annotate_alike} for kind in (exp.ArgMax, exp.ArgMin, exp.Round)},
        exp.Corr: {"returns": exp.DType.DOUBLE},
    }
