"""DuckDB's dialect as sqlglot has it, with the case of names and the types that DuckDB gives."""

from __future__ import annotations

from typing import Any

from sqlglot import exp
from sqlglot.dialects.dialect import NormalizationStrategy
from sqlglot.dialects.duckdb import DuckDB

MOST_DIGITS = 38
"""Of a decimal; with more, a literal is a float."""


def _annotate_literal(annotator: Any, literal: exp.Literal) -> exp.Literal:
    """A number with a point and no exponent is a decimal."""
    annotator._annotate_literal(literal)
    text = literal.name.lower()
    if literal.is_number and "." in text and "e" not in text and len(text) <= MOST_DIGITS + 1:
        annotator._set_type(literal, exp.DType.DECIMAL)
    return literal


class Written(DuckDB):
    """The dialect in which workloads are written."""

    NORMALIZATION_STRATEGY = NormalizationStrategy.CASE_SENSITIVE
    EXPRESSION_METADATA = {  # noqa: RUF012 (as sqlglot declares it)
        **DuckDB.EXPRESSION_METADATA,
        exp.Literal: {"annotator": _annotate_literal},
        exp.Div: {"returns": exp.DType.DOUBLE},
    }
