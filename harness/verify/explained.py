"""Finds out whether a wrong answer, or an error, is due to data that only DuckDB can answer.

DuckDB runs variants of the query that raise, or answer differently, for such data:

- DuckDB's sums of integers have 128 bits; other libraries overflow silently at 64;
- to DuckDB 0 / 0 and sqrt(-1) are NaN, which is not NULL, equals itself and is the greatest number;
- DuckDB writes a float with an exponent of two digits, ``1e-07``;
- DuckDB casts texts like ``' 7 '`` or ``'1e2'`` to integers, and texts with a time to dates;
- ties, sums of floats and ``any_value`` depend on the order of rows, last bits on how a division
  is computed.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

import duckdb
import sqlglot
from sqlglot import exp

from harness.answer import AnswerSpec
from harness.errors import HarnessError, WorkloadError
from harness.plan.sql.dialect import Written
from harness.plan.sql.functions import by_name
from harness.sandbox.guard import judge
from harness.verify.other_ways import GIVING_NAN, depth_of_nan, other_ways

DIALECT = Written
BATCH_ROWS = 100_000
MOST_NESTED = 4
"""The deepest nesting of casts that is examined."""
MOST_AGGREGATES = 500
TOO_WIDE = "a sum of whole numbers that passes 64 bits on this data"
TEXTS = "a text that DuckDB casts and others do not, as ' 7 ' or '1e2' to a whole number"
NOT_A_NUMBER = "NaN of this data, which 0 / 0 and the root or logarithm of -1 are in DuckDB"
WRITTEN = "a float as a text with an exponent, which libraries write differently, as 1e-07 and 1e-7"
ANOTHER = "DuckDB's own answer to this is another {way}"
AN_ORDER = "an error that DuckDB's own answer has, too, if it tests conditions in another order"
_NOT_OF_64_BITS = re.compile("INT128 .* out of range for the destination type INT64")
_OF_DATA = re.compile("(Conversion|Out of Range|Invalid Input) Error")
_ANOTHER_TEXT = "another text"
_EXPONENT = "a float with an exponent"
_NAN = "a number that is NaN"
_FORMS = (
    (exp.DataType.INTEGER_TYPES, r"[+-]?[0-9]{1,18}"),
    (exp.DataType.FLOAT_TYPES, r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"),
    ({exp.DType.BOOLEAN}, "true|false"),
    ({exp.DType.DATE}, r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    (
        {exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ, exp.DType.DATETIME},
        r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}",
    ),
)
"""Type -> a pattern of the texts that every library reads as that type."""


def data_of_its_own(
    database: duckdb.DuckDBPyConnection, sql: str, tables: Iterable[str], raised: bool = False
) -> str | None:
    """Returns why only DuckDB can answer this query over its data, or None if no reason is found.

    The reason is a sum, a cast of a text, or a float written as a text. With ``raised``, the engine
    gave an error instead of an answer, and NaN and the order of conditions are further possible
    reasons. Whether an answer depends on NaN is found out by `another`.
    """
    names = list(tables)
    guards: list[tuple[_Guard, Callable[[str], object], str]] = [
        (_of_sums, _NOT_OF_64_BITS.search, TOO_WIDE),
        (_of_texts, lambda words: _ANOTHER_TEXT in words, TEXTS),
        (_of_written_floats, lambda words: _EXPONENT in words, WRITTEN),
    ]
    if raised:
        guards.append((_of_nan, lambda words: _NAN in words, NOT_A_NUMBER))
        guards.append((_backwards, _OF_DATA.match, AN_ORDER))
    for guarded, raises, told in guards:
        error = _raised(database, guarded, sql, names)
        if error is not None and raises(error):
            return told
    return None


_Guard = Callable[[exp.Expr], bool]
"""Changes a query so that it raises for some data; False if nothing of it can."""

Differs = Callable[[str, AnswerSpec, bool], bool]
"""Whether a query's answer differs from the reference, by a spec, widened or not."""


def another(
    spec: AnswerSpec,
    widened: bool,
    tables: Iterable[str],
    differs: Differs,
    floats: Collection[str] = (),
) -> str | None:
    """Returns a sentence that says why a query has several right answers, or None.

    It has, if DuckDB gives another answer to one of the variants of `other_ways`, which mean the
    same: over rows in another order, say, or with sums of floats in another order. ``differs`` runs
    a variant and tells whether its answer is not the reference's; a HarnessError of it is ignored:
    a variant may take too long, or not mean the same after all. If the query has a LIMIT, all rows
    that may be in the answer are compared, too; ``widened`` tells whether the reference has all of
    them. ``floats`` names the tables' columns of floats.
    """
    asked = [(spec.reference_sql, spec, widened)]
    if widened and spec.widened_sql is not None:
        asked.append((spec.widened_sql, replace(spec, order=(), limit=None), False))
    for sql, told_by, cut in asked:
        for way, other in other_ways(sql, list(tables), floats):
            with contextlib.suppress(HarnessError):
                if differs(other, told_by, cut):
                    return ANOTHER.format(way=way)
    return None


def _raised(
    database: duckdb.DuckDBPyConnection,
    guard: _Guard,
    sql: str,
    tables: Iterable[str],
) -> str | None:
    """Runs a query that ``guard`` has changed to raise for some data; returns DuckDB's error.

    ``guard`` gets the parsed query, changes it in place, and returns False if it found nothing to
    change. Returns None then, and if there is no error.
    """
    try:
        tree = sqlglot.parse_one(sql, read=DIALECT)
        by_name(tree)
        if not guard(tree):
            return None
        guarded = tree.sql(DIALECT)
        judge(database, guarded, tables)
    except (WorkloadError, sqlglot.errors.SqlglotError):  # a variant is another query
        return None
    try:
        for _ in database.sql(guarded).to_arrow_reader(BATCH_ROWS):
            pass  # only the errors of the query matter
    except (duckdb.Error, OSError) as error:  # OSError: raised by Arrow's reader for DuckDB's
        return str(error)
    return None


def _of_sums(tree: exp.Expr) -> bool:
    """Changes ``tree`` in place: the query raises where a sum, or a mean's sum, exceeds 64 bits.

    Returns whether the query was changed.
    """
    aggregates = list(tree.find_all(exp.Sum, exp.Avg))
    if len(aggregates) > MOST_AGGREGATES:
        return False
    for aggregate in reversed(aggregates):  # innermost first
        value = _whole(aggregate)
        place = exp.Placeholder()
        value.replace(place)
        total = value.transform(lambda e, one=aggregate: exp.Sum(this=e.this) if e == one else e)
        place.replace(_raising(value.sql(DIALECT), total.sql(DIALECT)))
    return bool(aggregates)


def _whole(aggregate: exp.Expr) -> exp.Expr:
    """Returns the expression of an aggregate with its FILTER and its OVER, if it has them."""
    value = aggregate
    while isinstance(value.parent, (exp.Filter, exp.Window)) and value.arg_key == "this":
        value = value.parent
    return value


def _raising(value: str, total: str) -> exp.Expr:
    """Returns the parsed SQL of an expression: ``value``, or an error if ``total`` exceeds 64 bits.

    Both are given as SQL text; ``total`` is the sum that ``value`` is, or takes the mean of.
    """
    narrow = f"typeof({total}) = 'HUGEINT' and cast({total} as bigint) is null"
    return sqlglot.parse_one(f"case when {narrow} then null else {value} end", read=DIALECT)


def _of_texts(tree: exp.Expr) -> bool:
    """Changes ``tree`` in place: the query raises where it casts a text of rare form.

    Rare is a form that not all libraries read: ``2020-1-1`` for a date, ``1e2`` for an integer.
    Returns whether the query was changed.
    """
    casts = [e for e in tree.find_all(exp.Cast) if _form(e) is not None and not _constant(e.this)]
    if max((_depth(cast) for cast in casts), default=0) > MOST_NESTED:
        return False
    for cast in reversed(casts):
        text = cast.this.sql(DIALECT)
        plain = f"regexp_full_match(cast({text} as varchar), '{_form(cast)}')"
        strange = f"typeof({text}) = 'VARCHAR' and not {plain}"
        raising = f"case when {strange} then error('{_ANOTHER_TEXT}') else {cast.sql(DIALECT)} end"
        cast.replace(sqlglot.parse_one(raising, read=DIALECT))
    times = list(tree.find_all(exp.StrToTime)) if not casts else []
    for time in times:
        read, text = time.sql(DIALECT), time.this.sql(DIALECT)
        strange = f"strftime({read}, {time.args['format'].sql(DIALECT)}) <> {text}"
        raising = f"case when {strange} then error('{_ANOTHER_TEXT}') else {read} end"
        time.replace(sqlglot.parse_one(raising, read=DIALECT))
    return bool(casts or times)


def _of_nan(tree: exp.Expr) -> bool:
    """Changes ``tree`` in place: the query raises where a quotient, root or logarithm is NaN.

    Returns whether the query was changed.
    """
    found = list(tree.find_all(*GIVING_NAN))
    if max(map(depth_of_nan, found), default=0) > MOST_NESTED:
        return False
    for part in reversed(found):  # innermost first
        value = part.sql(DIALECT)
        raising = f"case when isnan(cast({value} as double)) then error('{_NAN}') else {value} end"
        part.replace(exp.paren(sqlglot.parse_one(raising, read=DIALECT)))
    return bool(found)


def _backwards(tree: exp.Expr) -> bool:
    """Changes ``tree`` in place: the last operand of each AND is computed first.

    ``a = 1 and cast(s as int) > 2`` fails for a text of another row if the cast comes first, and
    SQL does not say which does. A CASE keeps DuckDB's optimizer from its own order; where tables
    are joined, it would keep it from joining by keys, so that such queries are left as they are.
    Returns whether the query was changed.
    """
    found = [e for e in tree.find_all(exp.And) if not isinstance(e.parent, exp.And)]
    alone = [e for e in found if not _of_joined(e)]
    for conjunction in alone:
        first, *others = (part.sql(DIALECT) for part in conjunction.flatten())
        for other in others:
            first = f"case when {other} then {first} else false end"
        conjunction.replace(sqlglot.parse_one(first, read=DIALECT))
    return bool(alone)


def _of_joined(e: exp.Expr) -> bool:
    """True if an expression belongs to a SELECT from several tables."""
    select = e.find_ancestor(exp.Select)
    return select is None or bool(select.args.get("joins"))


def _of_written_floats(tree: exp.Expr) -> bool:
    """Changes ``tree`` in place: the query raises where a float becomes a text with an exponent.

    Such a text is ``1e-07``. Returns whether the query was changed.
    """
    casts = [e for e in tree.find_all(exp.Cast) if e.args["to"].this in exp.DataType.TEXT_TYPES]
    parts = [part for e in tree.find_all(exp.Concat) for part in e.expressions]
    if max((_depth(e) for e in (*casts, *parts)), default=0) > MOST_NESTED:
        return False
    values = [*(cast.this for cast in casts), *parts]
    for value in sorted(values, key=lambda e: e.depth, reverse=True):
        written = value.sql(DIALECT)
        strange = f"regexp_matches(cast({written} as varchar), '^-?[0-9.]+e')"
        of_float = f"typeof({written}) in ('DOUBLE', 'FLOAT') and {strange}"
        raising = f"case when {of_float} then error('{_EXPONENT}') else {written} end"
        value.replace(sqlglot.parse_one(raising, read=DIALECT))
    return bool(casts or parts)


def _depth(cast: exp.Expr) -> int:
    """Returns how many casts and concatenations contain this expression.

    Each of them repeats its operand several times once the query is changed to raise, so that deep
    nesting makes a long query.
    """
    outer = cast.find_ancestor(exp.Cast, exp.Concat)
    return 0 if outer is None else 1 + _depth(outer)


def _constant(e: exp.Expr) -> bool:
    """True if an expression reads no column and no table.

    Every program has such an expression's value as DuckDB computed it.
    """
    return e.find(exp.Column, exp.Query) is None


def _form(cast: exp.Expr) -> str | None:
    target = cast.args["to"].this
    return next((form for types, form in _FORMS if target in types), None)
