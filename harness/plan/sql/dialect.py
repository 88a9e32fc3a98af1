"""DuckDB's dialect as sqlglot has it, with the case of names and the types that DuckDB gives."""

from __future__ import annotations

from typing import Any

from sqlglot import exp
from sqlglot.dialects.dialect import NormalizationStrategy
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.parsers.duckdb import DuckDBParser
from sqlglot.tokenizer_core import TokenType

MOST_DIGITS = 38
"""Of a decimal; with more, a literal is a float."""


def _annotate_literal(annotator: Any, literal: exp.Literal) -> exp.Literal:
    """A number with a point and no exponent is a decimal."""
    annotator._annotate_literal(literal)
    text = literal.name.lower()
    if literal.is_number and "." in text and "e" not in text and len(text) <= MOST_DIGITS + 1:
        annotator._set_type(literal, exp.DType.DECIMAL)
    return literal


def _parse_plus(parser: Any) -> Any:
    """``+x`` as x, as sqlglot has it; ``+1`` as a sum, for it is no place in ORDER BY."""
    operand = parser._parse_unary()
    if not isinstance(operand, exp.Expr) or not is_place(operand):
        return operand
    return exp.Paren(this=exp.Add(this=exp.Literal.number(0), expression=operand))


def is_place(e: exp.Expr) -> bool:
    """Whether an expression is a whole number, which is a place as a key of ORDER BY.

    Parentheses and signs leave it one.
    """
    if isinstance(e, (exp.Paren, exp.Neg)):
        return is_place(e.this)
    return isinstance(e, exp.Literal) and e.is_int


class _Parser(DuckDBParser):
    UNARY_PARSERS = {**DuckDBParser.UNARY_PARSERS, TokenType.PLUS: _parse_plus}  # noqa: RUF012


class Written(DuckDB):
    """The dialect in which workloads are written."""

    Parser = _Parser
    NORMALIZATION_STRATEGY = NormalizationStrategy.CASE_SENSITIVE
    EXPRESSION_METADATA = {  # noqa: RUF012 (as sqlglot declares it)
        **DuckDB.EXPRESSION_METADATA,
        exp.Literal: {"annotator": _annotate_literal},
        exp.Div: {"returns": exp.DType.DOUBLE},
    }
