"""Makes variants of a query that SQL allows to have another answer, for DuckDB to run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import sqlglot
from sqlglot import exp

from harness.plan.facts.frames import window_order
from harness.plan.facts.kinds import PARTIAL
from harness.plan.sql.dialect import Written
from harness.plan.sql.functions import by_name
from harness.plan.sql.resolve import write_out_windows
from harness.plan.sql.sources import cte_of, sources_of
from harness.sandbox.guard import identifier
from harness.words import folded

DIALECT = Written
IN_ANOTHER_ORDER = "over rows in another order, on which ties, sums of floats and any_value hang"
IN_OTHER_TIES = "where each window takes rows that tie in an order of its own"
IN_OTHER_ROWS = "where a LIMIT within it takes other rows of those that no ORDER BY tells apart"
OF_ANY = "where any_value takes another of the values that it may take"
IN_FLOATS = "where means are those of floats, so that a last bit decides"
BY_RECIPROCALS = "where a division multiplies by the reciprocal, so that a float's last bit decides"
AS_ROUNDED = "where a float without digits behind a place is rounded to itself, not a last bit off"
AS_SCALED = "where a half is rounded after a float is scaled to whole numbers, as libraries do"
IN_LAST_BITS = "where sums of floats differ from group to group in their last bits"
AS_MISSING = "where NaN, which 0 / 0 and sqrt(-1) are, is NULL or the least of numbers"
_MOST_NESTED = 4
"""The deepest nesting of what may be NaN that is rewritten: each is written twice."""
_OF_SEVERAL_ROWS = (exp.AggFunc, exp.Window, exp.Limit, exp.Offset, exp.Distinct)


def other_ways(
    sql: str, tables: Iterable[str], floats: Collection[str] = ()
) -> Iterator[tuple[str, str]]:
    """Yields variants of a query, each as a pair: what it changes, in words, and its SQL.

    ``floats`` are the names of the tables' columns that are floats.
    """
    names, tree = list(tables), sqlglot.parse_one(sql, read=DIALECT)
    by_name(tree)
    for direction in ("asc", "desc") if _may_tie(tree) else ():
        yield IN_ANOTHER_ORDER, _reordered(tree, names, direction).sql(DIALECT)
    for first in (0, 1):
        decided = _with_ties_decided(tree, first)
        if decided is not None:
            yield IN_OTHER_TIES, decided.sql(DIALECT)
        counted = _with_places_from_the_end(tree, first)
        if counted is not None:
            yield IN_OTHER_TIES, counted.sql(DIALECT)
        if (framed := _with_frames_turned(tree, first)) is not None:
            yield IN_OTHER_TIES, framed.sql(DIALECT)
    for descending in (False, True):
        if (limited := _with_limits_decided(tree, descending)) is not None:
            yield IN_OTHER_ROWS, limited.sql(DIALECT)
    for kind in (exp.Min, exp.Max):
        if (taken := _with_any_as(tree, kind)) is not None:
            yield OF_ANY, taken.sql(DIALECT)
    if tree.find(exp.Avg) is not None:
        of_floats = tree.copy()
        for mean in reversed([e for e in of_floats.find_all(exp.Avg) if not e.find(exp.Distinct)]):
            mean.set("this", exp.cast(mean.this.copy(), "DOUBLE"))
        yield IN_FLOATS, of_floats.sql(DIALECT)
    if (moved := _with_other_last_bits(tree, floats)) is not None:
        yield IN_LAST_BITS, moved.sql(DIALECT)
    for value in (exp.null(), exp.cast(exp.Literal.string("-infinity"), "DOUBLE")):
        if (missing := _with_other_nan(tree, value)) is not None:
            yield AS_MISSING, missing.sql(DIALECT)
    if (rounded := _with_rounded_alone(tree)) is not None:
        yield AS_ROUNDED, rounded.sql(DIALECT)
    if (scaled := _with_halves_of_scaled_floats(tree)) is not None:
        yield AS_SCALED, scaled.sql(DIALECT)
    divisions = [e for e in tree.find_all(exp.Div) if isinstance(e.expression, exp.Literal)]
    if divisions:
        for division in reversed(divisions):
            one = exp.cast(exp.Literal.number(1), "DOUBLE")
            reciprocal = exp.Div(this=one, expression=division.expression.copy())
            product = exp.Mul(this=division.this.copy(), expression=exp.paren(reciprocal))
            division.replace(exp.paren(product))
        yield BY_RECIPROCALS, tree.sql(DIALECT)


def _with_other_last_bits(tree: exp.Expr, floats: Collection[str]) -> exp.Expr | None:
    """Returns the query whose sums and means of floats are off by up to 3 last bits, by group.

    The sums of two groups may be equal only because their rows are added in one order: those of a
    ROLLUP's levels that have the same rows, or of groups of equal values. Returns None if no SELECT
    with GROUP BY has a sum or mean of floats.
    """
    copy = tree.copy()
    sums = [e for e in copy.find_all(exp.Sum, exp.Avg) if _is_of_floats(e, floats)]
    for aggregate in reversed(sums):
        keys = _plain_items(aggregate.find_ancestor(exp.Select))
        if not keys or isinstance(aggregate.parent, (exp.Window, exp.Filter)):
            continue
        hashed = exp.Anonymous(this="hash", expressions=[key.copy() for key in keys])
        bits = exp.Mod(this=hashed, expression=exp.Literal.number(4))
        moved = exp.Mul(this=exp.Literal.number("2.3e-16"), expression=exp.paren(bits))
        factor = exp.paren(exp.Add(this=exp.Literal.number("1e0"), expression=moved))
        aggregate.replace(exp.paren(exp.Mul(this=aggregate.copy(), expression=factor)))
    return None if copy == tree else copy


def _is_of_floats(aggregate: exp.Expr, floats: Collection[str]) -> bool:
    named = any(column.name in floats for column in aggregate.find_all(exp.Column))
    return isinstance(aggregate, exp.Avg) or named


def _plain_items(select: exp.Select | None) -> list[exp.Expr]:
    """Returns the items without aggregates of a SELECT with GROUP BY; [] for other queries.

    In a ROLLUP's row that is a total over one of these items, the item is NULL.
    """
    if select is None or select.args.get("group") is None:
        return []
    items = [item.unalias() for item in select.selects]
    return [e for e in items if e.find(exp.AggFunc, exp.Window, exp.Query) is None]


def _with_any_as(tree: exp.Expr, kind: type[exp.Expr]) -> exp.Expr | None:
    """Returns the query with ``kind``, exp.Min or exp.Max, in the place of ``any_value``.

    Not over rows in an order, of which it takes the first. None if it is nowhere else.
    """
    taken, found = tree.copy(), False
    for select in taken.find_all(exp.Select):
        write_out_windows(select)
    for any_value in reversed(list(taken.find_all(exp.AnyValue))):
        window = any_value.find_ancestor(exp.Window, exp.Query)
        ordered = window is not None and bool(window_order(window))
        if not ordered and not isinstance(any_value.this, exp.Order):
            any_value.replace(kind(this=any_value.this.copy()))
            found = True
    return taken if found else None


def _may_tie(tree: exp.Expr) -> bool:
    """True if an answer may depend on which of several rows comes first."""
    nearest = any(join.args.get("method") == "ASOF" for join in tree.find_all(exp.Join))
    return nearest or tree.find(*_OF_SEVERAL_ROWS) is not None


def _with_other_nan(tree: exp.Expr, value: exp.Expr) -> exp.Expr | None:
    """Returns the query with ``value`` instead of NaN, or None if nothing in the query gives NaN.

    Libraries take NaN for NULL, or for less than any number; to DuckDB it is greater.
    """
    copy = tree.copy()
    found = list(copy.find_all(*GIVING_NAN))
    if max(map(depth_of_nan, found), default=0) > _MOST_NESTED:
        return None
    for part in reversed(found):  # innermost first
        is_nan = exp.Anonymous(this="isnan", expressions=[exp.cast(part.copy(), "DOUBLE")])
        choice = exp.Case(ifs=[exp.If(this=is_nan, true=value.copy())], default=part.copy())
        part.replace(exp.paren(choice))
    return copy if found else None


GIVING_NAN = (exp.Div, *PARTIAL)
"""What may give NaN of the numbers in a table."""


def depth_of_nan(part: exp.Expr) -> int:
    """Returns how many quotients, roots, logarithms and the like contain this expression.

    They may give NaN; a query that is changed to test each of them repeats its operands, so that
    deep nesting makes a long query.
    """
    outer = part.find_ancestor(*GIVING_NAN)
    return 0 if outer is None else 1 + depth_of_nan(outer)


def _with_rounded_alone(tree: exp.Expr) -> exp.Expr | None:
    """The query whose ``round(x, n)`` returns x itself if x has at most n digits after the point.

    DuckDB multiplies and divides that x, too, which may change its last bit. None if there is no
    ROUND to change.
    """
    copy, found = tree.copy(), False
    for call in reversed(list(copy.find_all(exp.Round))):
        places = call.args.get("decimals")
        within = call.find_ancestor(exp.Round) is not None  # which would be written many times
        if isinstance(places, exp.Literal) and places.is_int and not within:
            value = exp.paren(call.this.copy())
            scaled = exp.Mul(this=value, expression=exp.Literal.number(f"1e{places.name}"))
            whole = exp.EQ(this=scaled, expression=exp.Trunc(this=scaled.copy()))
            call.replace(exp.Case(ifs=[exp.If(this=whole, true=value.copy())], default=call.copy()))
            found = True
    return copy if found else None


def _with_halves_of_scaled_floats(tree: exp.Expr) -> exp.Expr | None:
    """The query whose ``round(x, n)`` of a float is ``round(x * 10^n) / 10^n``.

    Libraries round so, and DuckDB before 2.0.1. Since then DuckDB rounds what the float's bits say:
    1.45, which is a little less, to 1.4. Returns None if there is no ROUND to change.
    """
    copy, found = tree.copy(), False
    for call in reversed(list(copy.find_all(exp.Round))):
        places = call.args.get("decimals")
        within = call.find_ancestor(exp.Round) is not None  # which would be written many times
        if isinstance(places, exp.Literal) and places.is_int and places.name != "0" and not within:
            scale = exp.Literal.number(f"1e{places.name}")
            scaled = exp.Mul(this=exp.paren(call.this.copy()), expression=scale)
            whole = exp.Div(this=exp.Round(this=scaled), expression=scale.copy())
            kind = exp.Anonymous(this="typeof", expressions=[call.this.copy()])
            is_float = exp.EQ(this=kind, expression=exp.Literal.string("DOUBLE"))
            call.replace(exp.Case(ifs=[exp.If(this=is_float, true=whole)], default=call.copy()))
            found = True
    return copy if found else None


def _reordered(tree: exp.Expr, tables: Iterable[str], direction: str) -> exp.Expr:
    """The query over its tables with their rows sorted by a hash of each row, up or down.

    The sorted tables get names that do not occur in the query.
    """
    turned, prefix = tree.copy(), "turned"
    while any(prefix in folded(part.name) for part in tree.find_all(exp.Identifier)):
        prefix = f"_{prefix}"
    names = {folded(table): f"{prefix}_{n}" for n, table in enumerate(tables)}
    for table in list(turned.find_all(exp.Table)):
        name = names.get(folded(table.name))
        if name is not None and cte_of(table) is None:
            if not table.alias:
                table.set("alias", exp.TableAlias(this=table.this.copy()))
            table.set("this", exp.to_identifier(name, quoted=True))
    rows = [_turned(table, names[folded(table)], direction) for table in tables]
    clause = turned.args.get("with_")
    own = clause.expressions if clause is not None else []
    recursive = clause is not None and clause.args.get("recursive")
    turned.set("with_", exp.With(expressions=[*rows, *own], recursive=recursive))
    return turned


def _turned(table: str, name: str, direction: str) -> exp.CTE:
    """A WITH entry, called ``name``: a table's rows sorted by a hash of each row."""
    rows = f"select * from {identifier(table)} as one order by hash(one) {direction}"
    alias = exp.TableAlias(this=exp.to_identifier(name, quoted=True))
    return exp.CTE(this=sqlglot.parse_one(rows, read=DIALECT), alias=alias)


_BY_PLACE = (
    *(exp.RowNumber, exp.Lag, exp.Lead, exp.Ntile),
    *(exp.FirstValue, exp.LastValue, exp.NthValue),
)
"""Window functions whose values differ between rows that tie in the window's order."""
_ALIKE_FOR_TIES = (exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist)


def _with_ties_decided(tree: exp.Expr, first: int) -> exp.Expr | None:
    """The query whose windows order tied rows by a hash of the row, in alternating directions.

    ``first`` (0 or 1) chooses the direction in the first window. None without a window to change.
    """
    turned, count = tree.copy(), first
    for select in list(turned.find_all(exp.Select)):
        write_out_windows(select)
        if (row := _row(select)) is None:
            continue
        for window in list(select.find_all(exp.Window)):
            if window.parent_select is select and _tells_ties_apart(window):
                key = exp.Ordered(this=row.copy(), desc=count % 2 == 1, nulls_first=False)
                window.args["order"].append("expressions", key)
                count += 1
    return turned if count > first else None


def _with_places_from_the_end(tree: exp.Expr, first: int) -> exp.Expr | None:
    """The query in which every second row_number is counted from the end of its partition.

    Only rows that tie then get other numbers. ``first`` (0 or 1) is the first window to change.
    """
    turned, found = tree.copy(), False
    for select in turned.find_all(exp.Select):
        write_out_windows(select)
    for window in list(turned.find_all(exp.Window))[first::2]:
        if isinstance(window.this, exp.RowNumber) and window_order(window):
            rows = exp.Window(
                this=exp.Count(this=exp.Star()), partition_by=window.args.get("partition_by")
            )
            back = window.copy()
            for key in window_order(back):
                key.set("desc", not key.args.get("desc"))
                key.set("nulls_first", not key.args.get("nulls_first"))
            after = exp.Sub(this=rows.copy(), expression=back)
            one = exp.Literal.number(1)
            window.replace(exp.paren(exp.Add(this=after, expression=one)))
            found = True
    return turned if found else None


def _with_frames_turned(tree: exp.Expr, first: int) -> exp.Expr | None:
    """The query in which every second window over ROWS is read from its other end.

    Its order and its frame are turned round, which changes what rows that tie see, equal rows too.
    ``first`` (0 or 1) is the first window to change. None if there is no window to change.
    """
    turned = tree.copy()
    for select in turned.find_all(exp.Select):
        write_out_windows(select)
    windows = [e for e in turned.find_all(exp.Window) if _is_over_rows(e)][first::2]
    for window in windows:
        for key in window_order(window):
            key.set("desc", not key.args.get("desc"))
            key.set("nulls_first", not key.args.get("nulls_first"))
        window.set("spec", _turned_frame(window.args["spec"]))
    return turned if windows else None


def _turned_frame(spec: exp.Expr) -> exp.WindowSpec:
    """Returns a frame that has, in the opposite order, the rows that ``spec`` has."""
    turned = exp.WindowSpec(kind="ROWS")
    for end, other in (("start", "end"), ("end", "start")):
        turned.set(end, spec.args.get(other) or "CURRENT ROW")
        turned.set(f"{end}_side", _OTHER_SIDE.get((spec.args.get(f"{other}_side") or "").upper()))
    return turned


def _is_over_rows(window: exp.Window) -> bool:
    return (
        isinstance(window.this, _OF_FRAMES)
        and bool(window_order(window))
        and _is_of_rows(window.args.get("spec"))
    )


_OF_FRAMES = (exp.Sum, exp.Avg, exp.Count, exp.Min, exp.Max)
_OTHER_SIDE = {"PRECEDING": "FOLLOWING", "FOLLOWING": "PRECEDING"}


def _is_of_rows(spec: exp.Expr | None) -> bool:
    return spec is not None and (spec.args.get("kind") or "").upper() == "ROWS"


def _with_limits_decided(tree: exp.Expr, descending: bool) -> exp.Expr | None:
    """The query in which each inner LIMIT chooses among tied rows by a hash of the row.

    ``descending`` takes the greatest hashes first. None if no inner query has a LIMIT or OFFSET.
    """
    turned = tree.copy()
    found = [q for q in turned.find_all(exp.Query) if q is not turned and _is_cut(q)]
    for query in reversed(found):  # innermost first
        select = query if isinstance(query, exp.Select) else None
        row = None if select is None or select.args.get("distinct") else _row(select)
        cut = _wrapped(query) if row is None else query
        if cut is not query:
            query.replace(cut)
        row = row or exp.Anonymous(this="hash", expressions=[exp.column(_WRAPPED)])
        order = cut.args.get("order") or exp.Order(expressions=[])
        order.append("expressions", exp.Ordered(this=row, desc=descending, nulls_first=False))
        cut.set("order", order)
    return turned if found else None


_WRAPPED = "decided"
_CUTTING = ("order", "limit", "offset")


def _is_cut(query: exp.Query) -> bool:
    return any(query.args.get(clause) is not None for clause in ("limit", "offset"))


def _wrapped(query: exp.Query) -> exp.Select:
    """Returns ``select * from (query) as decided``, to which the outermost clauses were moved.

    These are the query's ORDER BY, LIMIT and OFFSET; within the parentheses they are left out.
    """
    rows = query.copy()
    outer = exp.select("*").from_(exp.Subquery(this=rows, alias=exp.TableAlias(this=_WRAPPED)))
    for clause in _CUTTING:
        outer.set(clause, rows.args.get(clause))
        rows.set(clause, None)
    return outer


def _tells_ties_apart(window: exp.Window) -> bool:
    function, spec = window.this, window.args.get("spec")
    if isinstance(function, (exp.IgnoreNulls, exp.RespectNulls)):
        function = function.this
    of_rows = _is_of_rows(spec)
    if not window_order(window) or isinstance(function, _ALIKE_FOR_TIES):
        return False
    return of_rows or isinstance(function, _BY_PLACE)


def _row(select: exp.Select) -> exp.Expr | None:
    """Returns an expression: a hash of the row that this SELECT reads, or of its GROUP BY columns.

    None if it groups by anything but columns, or if nothing that it reads has a name.
    """
    group = select.args.get("group")
    if group is not None:
        parts = list(group.expressions)
        if not all(isinstance(part, exp.Column) for part in parts):
            return None
    else:
        names = [source.alias_or_name for source in sources_of(select)]
        parts = [exp.column(_quoted(name)) for name in names if name]
    hashed = exp.Anonymous(this="hash", expressions=[part.copy() for part in parts])
    return hashed if parts else None


def _quoted(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)
