"""Tests of SQL expressions for gaps: True for a form that some library lacks or answers wrongly."""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from harness.engines.python.kernel import MOST_PLACES
from harness.engines.sql.rules import is_constant, kind
from harness.plan.facts.patterns import ascii_classes
from harness.plan.facts.printing import Expression
from harness.plan.facts.windows import window_order
from harness.plan.sql.grouping import grouping_sets


def not_in_beside_or(e: Expression) -> bool:
    """True for IN or NOT IN of a subquery below an OR, where NULLs decide the result."""
    if not isinstance(e, exp.In) or e.args.get("query") is None:
        return False
    part: Expression | None = e
    while part is not None and not isinstance(part, exp.Select):
        part = part.parent
        if isinstance(part, exp.Or):
            return True
    return False


def correlated_in_as_a_value(e: Expression) -> bool:
    """True for IN of a correlated subquery, unless it is one of the conditions that AND joins.

    NOT IN is IN with a NOT above it.
    """
    query = e.args.get("query") if isinstance(e, exp.In) else None
    if query is None or isinstance(e.parent, (exp.And, exp.Where)):
        return False
    own = {source.alias_or_name for source in query.find_all(exp.Table, exp.Subquery)}
    return any(column.table not in own for column in query.find_all(exp.Column) if column.table)


def as_of(e: Expression) -> bool:
    return isinstance(e, exp.Join) and e.method == "ASOF"


def bag(e: Expression) -> bool:
    """True for INTERSECT ALL and EXCEPT ALL."""
    return isinstance(e, (exp.Intersect, exp.Except)) and not e.args.get("distinct")


def computed_interval(e: Expression) -> bool:
    return isinstance(e, exp.Interval) and not isinstance(e.this, exp.Literal)


def time_as_text(e: Expression) -> bool:
    return isinstance(e, exp.Cast) and kind(e) == "VARCHAR" and kind(e.this) == "TIMESTAMP"


MOST_GROUPS = 2**22
"""The most groups for which memory may be reserved before they are read."""


def float_as_text(e: Expression) -> bool:
    """True for ``cast(x as varchar)`` of a float, which each library spells its own way: 1e+308."""
    return isinstance(e, exp.Cast) and kind(e) == "VARCHAR" and kind(e.this) == "DOUBLE"


def condition_as_text(e: Expression) -> bool:
    """True for ``cast(x > 0 as varchar)``: a computed boolean, of which chDB makes a number."""
    computed = isinstance(e, exp.Cast) and not isinstance(
        e.this.unnest(), (exp.Column, exp.Boolean)
    )
    return computed and kind(e) == "VARCHAR" and kind(e.this) == "BOOLEAN"


def fraction_in_format(e: Expression) -> bool:
    """True for ``strftime`` with fractions of a second (``%f``)."""
    return isinstance(e, exp.TimeToStr) and "%f" in e.text("format")


def many_places(e: Expression) -> bool:
    """True for ``round`` to computed places, or to so many that the scaled float is infinite."""
    places = e.args.get("decimals") if isinstance(e, exp.Round) else None
    if places is None:
        return False
    digits = places.this if isinstance(places, exp.Neg) else places
    return not digits.is_int or int(digits.name) > MOST_PLACES


def many_first_groups(e: Expression) -> bool:
    """True for ``order by … limit n`` of groups, if memory for n groups would be gigabytes."""
    query = e.parent if isinstance(e, exp.Limit) else None
    if query is None or query.args.get("order") is None or not e.expression.is_int:
        return False
    grouped = query.find(exp.Group, exp.Distinct, exp.Union) is not None
    return grouped and int(e.expression.name) > MOST_GROUPS


def length_below_zero(e: Expression) -> bool:
    """True for ``substring(s, 2, n)`` if n is computed or below zero: DuckDB counts back then."""
    length = e.args.get("length") if isinstance(e, exp.Substring) else None
    if length is None or e.args["start"] == exp.Literal.number(1):
        return False
    return not isinstance(length, exp.Literal) or length.name.startswith("-")


def start_from_the_end(e: Expression) -> bool:
    """True for ``substring(s, -2, 2)``, which starts from the end."""
    start = e.args.get("start") if isinstance(e, exp.Substring) else None
    return start is not None and (isinstance(start, exp.Neg) or start.name.startswith("-"))


def group_in_replacement(e: Expression) -> bool:
    r"""True for a replacement that names a group of the match: other dialects write ``$1``."""
    return _is_replaced_by(e, r"\\")


def dollar_in_replacement(e: Expression) -> bool:
    r"""True for a replacement with ``$``, a group in other dialects, or with ``\`` and no digit."""
    return _is_replaced_by(e, r"\$|\\(?!\d)")


def _is_replaced_by(e: Expression, pattern: str) -> bool:
    new = e.args.get("replacement") if isinstance(e, exp.RegexpReplace) else None
    return new is not None and re.search(pattern, new.name) is not None


def shift_by_null(e: Expression) -> bool:
    return isinstance(e, (exp.Lag, exp.Lead)) and isinstance(e.args.get("offset"), exp.Null)


def backslash_in_like(e: Expression) -> bool:
    r"""True for ``s like 'a\%'``: a backslash is a character in DuckDB, an escape elsewhere."""
    return isinstance(e, (exp.Like, exp.ILike)) and "\\" in e.expression.name


def condition_without_from(e: Expression) -> bool:
    """True for ``select 1 where …``: a condition, but no table that it is about."""
    return isinstance(e, exp.Select) and not e.args.get("from_") and bool(e.args.get("where"))


def constant_key(e: Expression) -> bool:
    """True for a GROUP BY whose keys are all constants, as ``group by 'x'``.

    `rules.without_constant_keys` drops constants beside other keys.
    """
    if not isinstance(e, exp.Group) or grouping_sets(e) is not None:
        return False
    return bool(e.expressions) and all(map(is_constant, e.expressions))


def key_with_subquery(e: Expression) -> bool:
    """True for GROUP BY with a subquery in a key."""
    return isinstance(e, exp.Group) and e.find(exp.Query) is not None


def order_of_full_joins(e: Expression) -> bool:
    """True for ORDER BY over two FULL JOINs, one of a query with ``where c = 1``.

    There ``c`` is 1 or NULL after the joins, and no constant.
    """
    if not isinstance(e, exp.Order) or not isinstance(e.parent, exp.Select):
        return False
    full = [join for join in e.parent.find_all(exp.Join) if join.side.upper() == "FULL"]
    fixed = any(is_constant(eq.expression) for eq in e.parent.find_all(exp.EQ))
    return len(full) > 1 and fixed


def text_as_condition(e: Expression) -> bool:
    return isinstance(e, exp.Cast) and kind(e) == "BOOLEAN" and kind(e.this) == "VARCHAR"


def computed_length(e: Expression) -> bool:
    """True for ``substring(s, 1, n)`` where n is computed."""
    length = e.args.get("length") if isinstance(e, exp.Substring) else None
    return length is not None and not isinstance(length, exp.Literal)


def computed_replacement(e: Expression) -> bool:
    """True for ``replace(s, a, b)`` where a or b is computed."""
    parts = [e.args.get(key) for key in ("expression", "replacement")]
    return isinstance(e, exp.Replace) and not all(isinstance(part, exp.Literal) for part in parts)


def computed_split(e: Expression) -> bool:
    """True for ``split_part(s, a, n)`` where a or n reads a column, and may be NULL."""
    parts = (
        [e.args[key] for key in ("delimiter", "part_index")] if isinstance(e, exp.SplitPart) else []
    )
    return any(part.find(exp.Column) is not None for part in parts)


def key_named_as_a_value(e: Expression) -> bool:
    """True for a grouped SELECT with a computed key called like a column that an aggregate reads.

    ``select a % 2 as a, sum(a) … group by a % 2``
    """
    if not isinstance(e, exp.Select) or e.args.get("group") is None:
        return False
    read = {c.name for f in e.find_all(exp.AggFunc) for c in f.find_all(exp.Column)}
    computed = (item for item in e.selects if not isinstance(item.unalias(), exp.Column))
    return any(item.alias in read and not item.find(exp.AggFunc) for item in computed)


def subquery_as_value(e: Expression) -> bool:
    """True for EXISTS, or IN of a subquery, that is no condition of WHERE, HAVING, ON or QUALIFY.

    AND, OR, NOT and ``coalesce(…, false)``, which IS TRUE has become, may stand between.
    """
    if not isinstance(e, exp.Exists) and not (isinstance(e, exp.In) and e.args.get("query")):
        return False
    return not isinstance(_above_logic(e), (exp.Where, exp.Having, exp.Join, exp.Qualify))


def in_compared(e: Expression) -> bool:
    """True for IN of a subquery that is compared, or tested for NULL."""
    found = isinstance(e, exp.In) and e.args.get("query") is not None
    return found and isinstance(_above_logic(e), exp.Binary)


def _above_logic(e: Expression) -> Expression | None:
    above = e.parent
    while above and (isinstance(above, (exp.Connector, exp.Not, exp.Paren)) or _is_true(above)):
        above = above.parent
    return above


def _is_true(e: Expression | None) -> bool:
    return isinstance(e, exp.Coalesce) and e.expressions == [exp.false()]


def frame_past_the_row(e: Expression) -> bool:
    """True for an aggregate over a frame that ends n rows before or after the row, not at it."""
    spec = e.args.get("spec") if isinstance(e, exp.Window) else None
    if spec is None or not isinstance(e.this, (exp.Sum, exp.Avg, exp.Count, exp.Min, exp.Max)):
        return False
    return isinstance(spec.args.get("end"), exp.Expr)


def frame_of_values(e: Expression) -> bool:
    """True for a window over a frame whose rows have keys in a range around the row's own."""
    return isinstance(e, exp.Window) and bool(_distances(e))


def frame_of_times(e: Expression) -> bool:
    """True for a window over a frame of values whose keys are dates or timestamps."""
    return frame_of_values(e) and any(isinstance(d, exp.Interval) for d in _distances(e))


def frame_of_days(e: Expression) -> bool:
    """True for a window over a frame of values whose keys are dates."""
    return frame_of_times(e) and any(kind(key.this) == "DATE" for key in window_order(e))


def _distances(window: Expression) -> list[Expression]:
    """Returns how far the ends of a frame of values are from the row's key, where it is written."""
    spec = window.args.get("spec")
    if spec is None or spec.args["kind"].upper() != "RANGE":
        return []
    return [end for key in ("start", "end") if isinstance(end := spec.args.get(key), exp.Expr)]


def float_remainder(e: Expression) -> bool:
    return isinstance(e, exp.Mod) and "DOUBLE" in (kind(e.this), kind(e.expression))


def computed_pattern(e: Expression) -> bool:
    """True for ``s like w``: a backslash in w is a character in DuckDB, an escape elsewhere."""
    return isinstance(e, (exp.Like, exp.ILike)) and not isinstance(e.expression, exp.Literal)


_REGULAR = (exp.RegexpLike, exp.RegexpReplace, exp.RegexpExtract)
_PLAIN_PATTERN = re.compile(
    r"(\(\?(i|s|is|si)\))?"
    r"([^\\\[{*+?]|\\[^\w\s]|\[(?!\^)[^\\\[\]]+\]|\(\?:|[*+?](?![*+?])|\{\d+(,\d*)?\}(?!\?))*",
    re.DOTALL,
)
"""A pattern that means the same to Perl's family and to POSIX': no ``\\w``, ``[^a]``, ``a*?``."""


def perl_only(e: Expression) -> bool:
    r"""True for a function of a regular expression that POSIX libraries may read differently.

    They may for a computed pattern, and for ``\d`` and ``a+?``, but not for ``a|b+``.
    """
    if not isinstance(e, _REGULAR):
        return False
    pattern = e.expression
    return not (isinstance(pattern, exp.Literal) and _PLAIN_PATTERN.fullmatch(pattern.name))


def unshared_pattern(e: Expression) -> bool:
    r"""True for a function of a regular expression that Rust has no spelling for: ``[a&&b]``."""
    if not isinstance(e, _REGULAR) or not isinstance(e.expression, exp.Literal):
        return False
    try:
        ascii_classes(e.expression.name)
    except ValueError:
        return True
    return False


def longest_or_first(e: Expression) -> bool:
    """True for ``regexp_replace`` or ``regexp_extract`` whose pattern may match several lengths.

    Of several possible matches DuckDB takes the first, as ``a`` of ``a|ab``, others the longest.
    """
    if not isinstance(e, (exp.RegexpReplace, exp.RegexpExtract)):
        return False
    return "|" in e.expression.name or len(re.findall(r"(?<!\()[*+?{]", e.expression.name)) > 1


def other_letters(e: Expression) -> bool:
    """True for ``strftime`` with letters that are no codes, or codes that other libraries lack."""
    if not isinstance(e, exp.TimeToStr):
        return False
    return bool(re.search(r"[A-Za-z%\"]", re.sub("%[YmdHIMSjyBbAa]", "", e.text("format"))))


def long_name(e: Expression) -> bool:
    """True for a name of more than 63 bytes, which PostgreSQL would shorten."""
    return isinstance(e, exp.Identifier) and len(e.name.encode()) > 63


def not_in_beside_null(e: Expression) -> bool:
    """True for ``x not in (select y …)``, or ``(x in …) = false``, where x or y may be NULL."""
    query = e.args.get("query") if isinstance(e, exp.In) else None
    if query is None or not _is_negated(e):
        return False
    values = [e.this, *(item.unalias() for item in query.unnest().selects)]
    return not all(value.meta.get(NEVER_NULL) for value in values)


def _is_negated(e: Expression) -> bool:
    """True for a condition below NOT, or one that is compared, as in ``… = false``."""
    above = e.parent
    while isinstance(above, exp.Paren):
        above = above.parent
    return isinstance(above, (exp.Not, exp.Binary)) and not isinstance(above, exp.Connector)


def tied_not_in_beside_null(e: Expression) -> bool:
    """True for ``x not in (select y …)`` of a correlated subquery where x or y may be NULL."""
    columns = e.args["query"].find_all(exp.Column) if not_in_beside_null(e) else ()
    return any(_is_tied(column, e) for column in columns if column.table)


NEVER_NULL = "never_null"
"""A key of ``meta`` that marks a table's column without NULLs, also after all joins."""


def float_times_zero(e: Expression) -> bool:
    """True for ``x * 0``, which some libraries replace by 0 whatever x is."""
    if not isinstance(e, exp.Mul) or "DOUBLE" not in (kind(e.this), kind(e.expression)):
        return False
    return any(_is_zero(side) for side in (e.this, e.expression))


def _is_zero(e: Expression) -> bool:
    value = e.this if isinstance(e, exp.Cast) else e
    return isinstance(value, exp.Literal) and not value.is_string and float(value.name) == 0


def constants_in_a_row(e: Expression) -> bool:
    """True for ``x + 1e17 - 1e17``: adding the constants to each other first changes the result."""
    if not isinstance(e, (exp.Add, exp.Sub, exp.Mul)) or not is_constant(e.expression):
        return False
    first = e.this.unnest()
    kinds = (exp.Mul,) if isinstance(e, exp.Mul) else (exp.Add, exp.Sub)
    chained = isinstance(first, kinds) and (
        is_constant(first.this) or is_constant(first.expression)
    )
    return chained and kind(e) == "DOUBLE"


def quantile_over(e: Expression) -> bool:
    """True for a quantile or median over a partition."""
    quantiles = (exp.PercentileCont, exp.PercentileDisc, exp.Median)
    return isinstance(e, exp.Window) and isinstance(e.this, quantiles)


def with_names(e: Expression) -> bool:
    """True for ``strftime`` with codes that SQLite lacks, such as names of days and months."""
    return isinstance(e, exp.TimeToStr) and bool(
        re.search(r"%[^YmdHMSj%]|%$", e.text("format").replace("%%", ""))
    )


def ordered_texts(e: Expression) -> bool:
    return isinstance(e, exp.GroupConcat) and e.find(exp.Order) is not None


def grouping_by_one_name(e: Expression) -> bool:
    """True for GROUP BY where a key of all grouping sets and one of some sets have one name.

    An example is ``group by a.k, rollup(b.k)``.
    """
    sets = [set(keys) for keys in (grouping_sets(e) if isinstance(e, exp.Group) else None) or []]
    of_all = set.intersection(*sets) if sets else set()
    of_some = set().union(*sets) - of_all
    return bool(
        {key.name for key in of_all if isinstance(key, exp.Column)}
        & {key.name for key in of_some if isinstance(key, exp.Column)}
    )


def several_groupings(e: Expression) -> bool:
    return isinstance(e, exp.Group) and grouping_sets(e) is not None


def total_of_all(e: Expression) -> bool:
    """True for ROLLUP, CUBE and sets with ``()``, whose total is a row even where no rows are."""
    return isinstance(e, exp.Group) and [] in (grouping_sets(e) or [])


def float_divisor(e: Expression) -> bool:
    """True for a division by a float column, which may be -0.0; not by a sum or a mean."""
    if not isinstance(e, exp.Div):
        return False
    columns = (c for c in e.expression.find_all(exp.Column) if kind(c) == "DOUBLE")
    return any(c.find_ancestor(exp.Sum, exp.Avg, exp.Div) in (None, e) for c in columns)


def not_java(e: Expression) -> bool:
    r"""True for a function of a regular expression that Java may read differently from RE2.

    It may for a computed pattern, and for one with ``\b``, ``&&``, a bracket within brackets, or a
    brace that says not how often.
    """
    if not isinstance(e, _REGULAR):
        return False
    pattern = e.expression
    other = r"\\[bBsSvVpPCXhHRQEkGZ]|&&|\[[^\]]*\[|\(\?[a-z]*m|(?<!\\)\{(?!\d+,?\d*\})"
    return not isinstance(pattern, exp.Literal) or bool(re.search(other, pattern.name))


def not_rust(e: Expression) -> bool:
    r"""True for a function of a regular expression that Rust's library may read otherwise than RE2.

    That is one that Java may read otherwise, or one with ``\d`` or ``\w``, which mean Unicode.
    """
    return not_java(e) or (
        isinstance(e, _REGULAR) and bool(re.search(r"\\[dDwW]", e.expression.name))
    )


def computed_right(e: Expression) -> bool:
    """True for ``right(s, n)`` where n is computed, or below zero."""
    return isinstance(e, exp.Right) and not isinstance(e.expression, exp.Literal)


_OF_ROWS = (exp.From, exp.Join, exp.SetOperation, exp.In)


def full_join_and_subquery(e: Expression) -> bool:
    """True for a SELECT with a full join that has EXISTS, or IN of a subquery, in its WHERE."""
    where = e.args.get("where") if isinstance(e, exp.Select) else None
    if where is None or all(join.side != "FULL" for join in e.args.get("joins") or []):
        return False
    return where.find(exp.Exists, exp.Subquery) is not None


def computed_of_own_rows(e: Expression) -> bool:
    """True for a correlated subquery, as a value, that is not NULL where it finds no rows.

    A count is 0 then, but chDB gives NULL, which is right for a sum, a mean or an extreme only.
    """
    if not isinstance(e, exp.Subquery) or isinstance(e.parent, _OF_ROWS):
        return False
    query: Any = e.unnest()
    if any(_is_null_of_nothing(item.unalias()) for item in query.selects):
        return False
    return any(_is_tied(column, e) for column in e.find_all(exp.Column) if column.table)


def _is_null_of_nothing(e: Expression) -> bool:
    """True for a value that is NULL without rows: a sum, a mean or an extreme.

    So is one that ``+``, ``-``, ``*`` or ``/`` computes of such a value.
    """
    if isinstance(e, (exp.Mul, exp.Add, exp.Sub, exp.Div)):
        return any(map(_is_null_of_nothing, (e.this, e.expression)))
    if isinstance(e, (exp.Paren, exp.Cast)):
        return _is_null_of_nothing(e.this)
    return type(e) in (exp.Sum, exp.Avg, exp.Min, exp.Max)


def _is_tied(column: exp.Column, query: Expression) -> bool:
    """True if a column within a query belongs to a query around it."""
    part: Any = column
    while part is not query:
        part = part.parent
        if isinstance(part, exp.Select):
            joined = [join.this for join in part.args.get("joins") or []]
            first = part.args.get("from_")
            sources = [*joined, *([] if first is None else [first.this])]
            if column.table in {source.alias_or_name for source in sources}:
                return False
    return True


def tied_window(e: Expression) -> bool:
    """True for a window in a correlated subquery."""
    select = e.parent_select if isinstance(e, exp.Window) else None
    if select is None:
        return False
    return any(_is_tied(column, select) for column in select.find_all(exp.Column) if column.table)


def float_sum_read_twice(e: Expression) -> bool:
    """True for a CTE that has a sum or mean of floats, if it is read more than once.

    A library that computes the sum anew for each reader may, with several threads, give each
    reader other last bits.
    """
    if not isinstance(e, exp.CTE) or not e.parent or not e.parent.parent:
        return False
    readers = (table for table in e.parent.parent.find_all(exp.Table) if table.name == e.alias)
    sums = (f for f in e.this.find_all(exp.Sum, exp.Avg) if kind(f.this) == "DOUBLE")
    return len(list(readers)) > 1 and any(sums)


def unlike_columns(e: Expression) -> bool:
    """True for a UNION, INTERSECT or EXCEPT of integers and floats in one column."""
    return {"DOUBLE", "BIGINT"} in _kinds_of_columns(e)


def days_beside_times(e: Expression) -> bool:
    """True for a UNION, INTERSECT or EXCEPT of dates and timestamps in one column."""
    return {"DATE", "TIMESTAMP"} in _kinds_of_columns(e)


def _kinds_of_columns(e: Expression) -> list[set[str | None]]:
    """Returns, for each column of a set operation, the kinds that it has on both sides."""
    if not isinstance(e, exp.SetOperation):
        return []
    left: Any = e.left.unnest()
    right: Any = e.right.unnest()
    return [{kind(a), kind(b)} for a, b in zip(left.selects, right.selects, strict=False)]


def unlike_constants(e: Expression) -> bool:
    """True for VALUES with integers and floats in one column."""
    rows = [row.expressions for row in e.expressions] if isinstance(e, exp.Values) else []
    return any({"DOUBLE", "BIGINT"} <= set(map(kind, cells)) for cells in zip(*rows, strict=True))


def day_of_year_in_format(e: Expression) -> bool:
    """True for ``strftime`` with the day of the year in three digits (``%j``)."""
    return isinstance(e, exp.TimeToStr) and "%j" in e.text("format")
