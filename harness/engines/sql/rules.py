"""Rules that rewrite a query's SQL tree into forms that every dialect can print.

A rule changes ``tree`` in place and returns the query to print; ``spec`` describes DuckDB's
answer, such as the types of its columns. Every expression carries its type, before and after a
rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from harness.answer import AnswerSpec
from harness.engines.sql.correlated import sources_named_apart, ties_named_apart
from harness.plan.facts.columns import fresh
from harness.plan.facts.kinds import DEVIATIONS, TIMESTAMPS
from harness.plan.facts.patterns import ascii_classes
from harness.plan.facts.printing import Expression
from harness.plan.sql.grouping import grouping_sets, is_grouped
from harness.types import Type

Rule = Callable[[exp.Query, AnswerSpec], exp.Query]
_OF_TYPES: dict[str, frozenset[exp.DType]] = {
    "BIGINT": frozenset(exp.DataType.INTEGER_TYPES),
    "DOUBLE": frozenset(exp.DataType.REAL_TYPES),
    "TIMESTAMP": TIMESTAMPS,
    "DATE": frozenset({exp.DType.DATE}),
    "BOOLEAN": frozenset({exp.DType.BOOLEAN}),
    "VARCHAR": frozenset(exp.DataType.TEXT_TYPES),
    "INTERVAL": frozenset({exp.DType.INTERVAL}),
}
_CAST: dict[Type, str] = {
    Type.INT64: "BIGINT",
    Type.FLOAT64: "DOUBLE",
    Type.DATE: "DATE",
    Type.TIMESTAMP: "TIMESTAMP",
    Type.BOOLEAN: "BOOLEAN",
}


def is_constant(e: Expression) -> bool:
    """True for an expression without columns and subqueries."""
    return not isinstance(e, (exp.Column, exp.Query)) and e.find(exp.Column, exp.Query) is None


def kind(e: Expression) -> str | None:
    """An expression's type: BIGINT, DOUBLE, DATE, TIMESTAMP, BOOLEAN, VARCHAR, INTERVAL or None."""
    own = None if e.type is None else e.type.this
    return next((name for name, types in _OF_TYPES.items() if own in types), None)


def cast(e: Expression, to: str) -> exp.Cast:
    made = exp.cast(e.copy(), to, dialect="duckdb")
    made.type = made.to
    return made


def leaves(query: Expression) -> Iterator[exp.Select]:
    """The SELECTs that produce the answer: all branches of UNION, INTERSECT and EXCEPT."""
    query = query.unnest()
    if isinstance(query, exp.SetOperation):
        yield from leaves(query.left)
        yield from leaves(query.right)
    elif isinstance(query, exp.Select):
        yield query


def answer_types(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Casts the answer's computed columns to the types that DuckDB gives them.

    ``spec`` has these types; it describes DuckDB's answer.
    """
    for select in leaves(tree):
        read = _tables_read(select)
        for item, column in zip(select.selects, spec.schema, strict=False):
            value, to = item.unalias(), _CAST.get(column.type)
            plain = isinstance(value, exp.Star) or (
                isinstance(value, exp.Column) and value.table in read
            )
            plain = plain or (to == "DOUBLE" and _is_of_doubles(value))
            if to is not None and not plain and isinstance(item, exp.Alias):
                item.set("this", cast(value, to))
    return tree


def _is_of_doubles(e: Expression) -> bool:
    """True if an expression is a DOUBLE to every engine: an aggregate or arithmetic of doubles."""
    if isinstance(e, exp.Column):
        return kind(e) == "DOUBLE"
    if isinstance(e, exp.Cast):
        return kind(e) == "DOUBLE"
    if isinstance(e, (exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Paren)):
        return _is_of_doubles(e.this)
    if isinstance(e, (exp.Add, exp.Sub, exp.Mul, exp.Div)):
        return _is_of_doubles(e.this) or _is_of_doubles(e.expression)
    return False


def _tables_read(select: exp.Select) -> set[str]:
    """Returns the names of sources that are tables: columns of others may differ in their type.

    Subqueries and those of a WITH are such others.
    """
    return {
        table.alias_or_name
        for table in select.find_all(exp.Table)
        if table.parent_select is select and not _is_named_in_with(table)
    }


def _is_named_in_with(table: exp.Table) -> bool:
    part: Any = table
    while part is not None:
        clause = part.args.get("with_")
        if clause is not None and any(cte.alias == table.name for cte in clause.expressions):
            return True
        part = part.parent
    return False


def order_by_names(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Replaces an ORDER BY expression by the alias of the answer's column that holds it."""
    for select in leaves(tree):
        held = {
            item.unalias(): item.alias for item in select.selects if isinstance(item, exp.Alias)
        }
        order = select.args.get("order")
        for key in order.expressions if order is not None else ():
            if key.this in held:
                key.set("this", exp.column(held[key.this]))
    return tree


def date_arithmetic(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Makes DATE ± INTERVAL a TIMESTAMP, and DATE - DATE a number of days, as DuckDB does."""
    for e in list(tree.find_all(exp.Add, exp.Sub)):
        left, right = e.this, e.expression
        if kind(left) == "DATE" and isinstance(right.unnest(), exp.Interval):
            e.set("this", cast(left, "TIMESTAMP"))
        elif isinstance(e, exp.Sub) and kind(left) == kind(right) == "DATE":
            days = exp.DateDiff(this=left.copy(), expression=right.copy(), unit=exp.var("DAY"))
            days.type = exp.DType.BIGINT.into_expr()
            e.replace(days)
    return tree


def float_division(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Makes ``a / b`` a division of floats, whatever the types of a and b."""
    for e in list(tree.find_all(exp.Div)):
        if kind(e.this) != "DOUBLE":
            e.set("this", cast(e.this, "DOUBLE"))
        e.set("typed", True)  # sqlglot's own cast would be lost in a / b / c
        e.set("safe", False)
    return tree


def float_literals(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Casts literals with a point to DOUBLE; decimals in the tree are whole numbers already."""
    for literal in list(tree.find_all(exp.Literal)):
        point = literal.is_number and not literal.is_int
        if point and not isinstance(literal.parent, _TAKING_LITERALS):
            literal.replace(cast(literal, "DOUBLE"))
    return tree


_TAKING_LITERALS = (exp.Cast, exp.DataTypeParam, exp.PercentileCont, exp.PercentileDisc)


def without_constant_keys(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Drops constants beside other keys of GROUP BY: dialects read numbers as positions."""
    for group in tree.find_all(exp.Group):
        keys = [key for key in group.expressions if not is_constant(key)]
        if keys or grouping_sets(group) is not None:
            group.set("expressions", keys)
    return tree


def without_order_of_one_row(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Drops ORDER BY of totals of all rows; Polars gives a row for each input row with it."""
    for select in filter(is_grouped, tree.find_all(exp.Select)):
        if not select.args.get("group"):
            select.set("order", None)
    return tree


def distinct_from_in_parentheses(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Puts parentheses around IS [NOT] DISTINCT FROM, which other parsers bind less tightly."""
    for e in list(tree.find_all(exp.NullSafeEQ, exp.NullSafeNEQ)):
        if isinstance(e.parent, (exp.And, exp.Or, exp.Not)):
            e.replace(exp.Paren(this=e.copy()))
    return tree


def no_length_below_zero(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Replaces a computed length below zero by 0: ``substring(s, 1, n - 1)`` is then empty."""
    for e in list(tree.find_all(exp.Substring)):
        length = e.args.get("length")
        if length is None or (isinstance(length, exp.Literal) and not length.name.startswith("-")):
            continue
        below = exp.LT(this=length.copy(), expression=exp.Literal.number(0))
        zero = exp.If(this=below, true=exp.Literal.number(0))
        e.set("length", exp.Case(ifs=[zero], default=length.copy()))
    return tree


def constants_on_the_right(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Rewrites ``1 < x`` to ``x > 1``: Polars 2.1 loses rows of the former if x is a constant."""
    for e in list(tree.find_all(*_TURNED)):
        if e.this.find(exp.Column) is None and e.expression.find(exp.Column) is not None:
            turned = _TURNED[type(e)](this=e.expression.copy(), expression=e.this.copy())
            turned.type = e.type
            e.replace(turned)
    return tree


_TURNED: dict[type[Expression], type[Expression]] = {
    **{kind: kind for kind in (exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ)},
    exp.LT: exp.GT,
    exp.GT: exp.LT,
    exp.LTE: exp.GTE,
    exp.GTE: exp.LTE,
}


def whole_numbers_as_bigints(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Casts to BIGINT, for arithmetic, DataFusion's ranks (unsigned) and 32-bit numbers.

    The latter are parts of dates, such as ``year(d)``, and lengths and places of texts.
    """
    made = {c.name for c in tree.find_all(exp.Column) if not _only_looked_at(c)}
    for number in list(tree.find_all(exp.Window, *_OF_32_BITS)):
        other = isinstance(number, _OF_32_BITS) or isinstance(number.this, _UNSIGNED)
        named = isinstance(number.parent, exp.Alias) and number.parent.alias not in made
        if other and not named and not _only_looked_at(number):
            number.replace(cast(number, "BIGINT"))
    return tree


def _only_looked_at(e: Expression) -> bool:
    """True if a value is only compared, sorted or grouped by, or passed on under its name."""
    above = e.parent
    named = isinstance(above, exp.Alias) and isinstance(e, exp.Column) and above.alias == e.name
    return named or isinstance(above, (exp.Cast, exp.Predicate, exp.Ordered, exp.Group))


_UNSIGNED = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile)
_OF_32_BITS = (exp.Extract, exp.ByteLength, exp.Length, exp.StrPosition)


def plain_names(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Drops aliases that repeat a table's name, and what EXISTS selects.

    ``exists (select a …)`` becomes ``exists (select 1 …)``.
    """
    for table in tree.find_all(exp.Table):
        if table.alias == table.name:
            table.set("alias", None)
    for test in tree.find_all(exp.Exists):
        select = test.this
        plain = isinstance(select, exp.Select) and not select.args.get("distinct")
        if plain and not any(item.find(exp.AggFunc) for item in select.selects):
            select.set("expressions", [exp.Literal.number(1)])
    return tree


def qualify_as_where(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Replaces QUALIFY by WHERE around a subquery that has its condition as a column."""
    return _without_qualify(tree, lambda condition: True)


def windowless_qualify_as_where(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Replaces QUALIFY by WHERE if its condition has no window: DataFusion requires one there."""
    return _without_qualify(tree, lambda condition: condition.find(exp.Window) is None)


def _without_qualify(tree: exp.Query, replaces: Callable[[Expression], bool]) -> exp.Query:
    for select in list(tree.find_all(exp.Select)):
        condition = select.args.get("qualify")
        if condition is None or not replaces(condition):
            continue
        outer = _qualified(select, condition)
        if select is tree:
            tree = outer
        else:
            select.replace(outer)
    return tree


KEPT, ROWS, SORTED_BY = "is kept", "kept rows", "sorted by"
"""The names in a subquery that stands for QUALIFY."""


def _qualified(select: exp.Select, condition: Expression) -> exp.Select:
    inner = select.copy()
    names = [item.alias_or_name for item in inner.selects]
    moved = {key: inner.args.pop(key, None) for key in ("order", "limit", "offset", "with_")}
    inner.set("qualify", None)
    moved["distinct"] = inner.args.pop("distinct", None)
    for place, key in enumerate(moved["order"].expressions if moved["order"] else ()):
        if not (isinstance(key.this, exp.Column) and not key.this.table and key.name in names):
            name = f"{SORTED_BY} {place}"
            inner.select(exp.alias_(key.this.copy(), name, quoted=True), copy=False)
            key.set("this", exp.column(name, quoted=True))
    inner.select(exp.alias_(condition.this.copy(), KEPT, quoted=True), copy=False)
    columns = [exp.alias_(exp.column(n, ROWS, quoted=True), n, quoted=True) for n in names]
    rows = inner.subquery(exp.to_identifier(ROWS, quoted=True))
    outer = exp.select(*columns).from_(rows).where(exp.column(KEPT, quoted=True))
    for key, value in moved.items():
        outer.set(key, value)
    return outer


def exact_numbers_as_own_types(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Casts what PostgreSQL computes as decimals, or in 32 bits, to the types that DuckDB has."""
    for e in list(tree.find_all(*_EXACT)):
        outer: Any = e
        while isinstance(outer.parent, (exp.Filter, exp.Window)) and outer.parent.this is outer:
            outer = outer.parent
        to = kind(e)
        if to in ("BIGINT", "DOUBLE") and not isinstance(outer.parent, exp.Cast):
            outer.replace(cast(outer, to))
    return tree


_EXACT = (
    *(exp.Sum, exp.Avg, *DEVIATIONS, exp.Extract),
    *(exp.ByteLength, exp.Length, exp.StrPosition, exp.Ntile),
)


def shared_patterns(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Spells regular expressions so that Rust reads them as RE2 does."""
    for e in tree.find_all(exp.RegexpLike, exp.RegexpReplace, exp.RegexpExtract):
        if isinstance(e.expression, exp.Literal):
            e.set("expression", exp.Literal.string(ascii_classes(e.expression.name)))
    return tree


def dots_without_newlines(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Makes a dot of a regular expression match no newline, unless ``(?s)`` says that it does."""
    for e in tree.find_all(exp.RegexpLike, exp.RegexpReplace, exp.RegexpExtract):
        pattern = e.expression
        flags = _FLAGS.match(pattern.name)
        rest = pattern.name[flags.end() if flags else 0 :]
        letters = flags[1] if flags else ""
        e.set(
            "expression", exp.Literal.string(f"(?{letters}{'' if 's' in letters else 'p'}){rest}")
        )
    return tree


def ends_without_newlines(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Makes ``$`` match at a text's end only: Java's also matches before a last newline.

    Also changes named groups to Java's ``(?<name>…)``.
    """
    for e in tree.find_all(exp.RegexpLike, exp.RegexpReplace, exp.RegexpExtract):
        pattern = re.sub(r"(?<!\\)\$(?![^\[]*\])", r"\\z", e.expression.name)
        pattern = re.sub(r"(?<!\\)\(\?P<", "(?<", pattern)
        unicode = "u" if "(?i" in pattern else ""
        e.set("expression", exp.Literal.string(f"(?d{unicode}){pattern}"))
    return tree


_FLAGS = re.compile(r"\(\?([is]+)\)")


def dots_of_one_line(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Makes a dot of a regular expression match no newline; by itself, Hyper's dot matches one."""
    for e in tree.find_all(exp.RegexpLike, exp.RegexpReplace, exp.RegexpExtract):
        if "." in e.expression.name and not e.expression.name.startswith("(?"):
            e.set("expression", exp.Literal.string(f"(?-s){e.expression.name}"))
    return tree


def dates_as_times(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Casts a DATE that is compared with a TIMESTAMP: as texts they would be unequal."""
    for e in list(tree.find_all(exp.Binary, exp.Between, exp.In)):
        sides = [e.this, *(e.args.get(key) for key in ("expression", "low", "high"))]
        sides = [side for side in [*sides, *(e.args.get("expressions") or [])] if side is not None]
        if isinstance(e, exp.Predicate) and "TIMESTAMP" in map(kind, sides):
            for side in sides:
                if kind(side) == "DATE":
                    side.replace(cast(side, "TIMESTAMP"))
    return tree


def sets_without_parentheses(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Wraps operands of UNION that are nested or in parentheses in ``SELECT * FROM (…)``."""
    for e in list(tree.find_all(exp.SetOperation)):
        for key in ("this", "expression"):
            side = e.args[key]
            nested = isinstance(side, exp.SetOperation) and key == "expression"
            if isinstance(side, exp.Subquery) or nested:
                e.set(key, exp.select("*").from_(exp.Subquery(this=side.unnest().copy())))
    return tree


def zeros_alike(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Adds 0.0 to float keys, which turns -0.0 into 0.0: ClickHouse tells the two apart."""
    for select in tree.find_all(exp.Select):
        _group_by_alike(select)
    for e in list(tree.walk()):
        for value in _distinguished(e):
            if kind(value) == "DOUBLE":
                value.replace(_alike(value))
    return tree


def ordered_alike(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Adds 0.0 to floats in ORDER BY and PARTITION BY, which turns -0.0 into 0.0.

    DataFusion sorts -0.0 before 0.0, so that rows that tie in SQL are no peers, and other keys do
    not decide between them.
    """
    answered = {c.name for c in spec.schema if c.type is Type.FLOAT64}
    for key in [ordered.this for ordered in tree.find_all(exp.Ordered)]:
        of_answer = isinstance(key, exp.Column) and not key.table and key.name in answered
        if of_answer or kind(key) == "DOUBLE":
            key.replace(_alike(key))
    for window in list(tree.find_all(exp.Window)):
        for key in window.args.get("partition_by") or []:
            if kind(key) == "DOUBLE":
                key.replace(_alike(key))
    return tree


def distinct_alike(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Adds 0.0 to floats of which an aggregate takes the distinct ones: Sail tells -0.0 apart."""
    for value in [value for d in tree.find_all(exp.Distinct) for value in d.expressions]:
        if kind(value) == "DOUBLE":
            value.replace(_alike(value))
    return tree


def _group_by_alike(select: exp.Select) -> None:
    """Adds 0.0 to float keys of a GROUP BY, and wherever else they stand in the SELECT."""
    group = select.args.get("group")
    keys = [] if group is None else list(_keys(group))
    parts = ("group", "having", "qualify", "order")
    places = [*select.expressions, *(part for key in parts if (part := select.args.get(key)))]
    for key in {key for key in keys if kind(key) == "DOUBLE"}:
        for place in places:
            for e in list(place.find_all(type(key))):
                if e == key and e.parent_select is select:
                    e.replace(_alike(e))


def _keys(e: Expression) -> Iterator[Expression]:
    """Yields the keys of a GROUP BY, those of its grouping sets among them."""
    for part in e.iter_expressions():
        sets = isinstance(part, (exp.Rollup, exp.Cube, exp.GroupingSets, exp.Tuple, exp.Paren))
        yield from _keys(part) if sets else [part]


def _distinguished(e: Expression) -> list[Expression]:
    """Returns the operands or columns that an expression compares for equality.

    The expression is DISTINCT, PARTITION BY, UNION or the like, IN of a query, or ``=``; for
    others, GROUP BY among them, the list is empty.
    """
    if isinstance(e, exp.Window):
        return list(e.args.get("partition_by") or [])
    if isinstance(e, exp.Distinct):
        select: Any = e.parent
        return e.expressions or [item.unalias() for item in select.selects]
    if isinstance(e, exp.SetOperation) and e.args.get("distinct"):
        return [item.unalias() for select in leaves(e) for item in select.selects]
    if isinstance(e, exp.In) and e.args.get("query") is not None:
        query = e.args["query"]
        return [e.this, *(item.unalias() for leaf in leaves(query) for item in leaf.selects)]
    if isinstance(e, (exp.EQ, exp.NullSafeEQ)) and e.this.find(exp.Column):
        return [e.this, e.expression] if e.expression.find(exp.Column, exp.Query) else []
    return []


def _alike(value: Expression) -> exp.Paren:
    added = exp.Add(this=value.copy(), expression=exp.Literal.number("0.0"))
    made = exp.Paren(this=added)
    made.type = added.type = value.type
    return made


def ctes_named_apart(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Gives a CTE a name that no table and no other CTE has: ``WITH t_2 AS (…) … FROM t_2 AS t``.

    SQLite takes a CTE that reads what has its name for a recursive one, DataFusion allows a name
    once, and Hyper's files are CTEs.
    """
    scopes = list(traverse_scope(tree))
    read = [(node, source) for scope in scopes for node, source in _tables(scope)]
    known = {node.name for node, source in read if source is node}
    taken = {node.name for node, _ in read} | {cte.alias for cte in tree.find_all(exp.CTE)}
    for cte in list(tree.find_all(exp.CTE)):
        if cte.alias in known:
            name = fresh(cte.alias, taken)
            taken.add(name)
            for node, source in read:
                if source is not node and source.expression is cte.this:
                    node.set("alias", exp.TableAlias(this=exp.to_identifier(node.alias_or_name)))
                    node.set("this", exp.to_identifier(name))
            cte.args["alias"].set("this", exp.to_identifier(name))
        known.add(cte.alias)
    return tree


def _tables(scope: Scope) -> Iterator[tuple[exp.Table, exp.Table | Scope]]:
    """Yields the names in a query's FROM, each with what it means: a table, or a CTE's scope."""
    for name, node in scope.references:
        if isinstance(node, exp.Table) and name in scope.sources:
            yield node, scope.sources[name]


RULES: tuple[Rule, ...] = (
    without_constant_keys,
    without_order_of_one_row,
    date_arithmetic,
    float_division,
    float_literals,
    distinct_from_in_parentheses,
    order_by_names,
    answer_types,
    plain_names,
    no_length_below_zero,
    windowless_qualify_as_where,
)
POSTGRES: tuple[Rule, ...] = (
    *RULES,
    exact_numbers_as_own_types,
    dots_without_newlines,
    qualify_as_where,
)
HYPER: tuple[Rule, ...] = (
    *RULES,
    ctes_named_apart,
    exact_numbers_as_own_types,
    dots_of_one_line,
    qualify_as_where,
)
SQLITE: tuple[Rule, ...] = (
    ctes_named_apart,
    without_constant_keys,
    dates_as_times,
    date_arithmetic,
    float_division,
    distinct_from_in_parentheses,
    order_by_names,
    plain_names,
    no_length_below_zero,
    qualify_as_where,
    sets_without_parentheses,
)
PYSPARK: tuple[Rule, ...] = (
    *RULES,
    whole_numbers_as_bigints,
    ends_without_newlines,
    qualify_as_where,
)
DATAFUSION: tuple[Rule, ...] = (
    ctes_named_apart,
    *RULES,
    whole_numbers_as_bigints,
    ordered_alike,
    shared_patterns,
    ties_named_apart,
)
POLARS_SQL: tuple[Rule, ...] = (*RULES, constants_on_the_right, shared_patterns)
SAIL: tuple[Rule, ...] = (*DATAFUSION, distinct_alike, qualify_as_where)
CHDB: tuple[Rule, ...] = (
    *RULES,
    whole_numbers_as_bigints,
    dots_of_one_line,
    zeros_alike,
    sources_named_apart,
)
