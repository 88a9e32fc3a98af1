"""SQL text -> one checked SELECT in normal form, its columns resolved."""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError, ParseError, TokenError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.canonicalize import canonicalize
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.simplify import Simplifier
from sqlglot.schema import MappingSchema

from harness.answer import each_once
from harness.errors import Unsupported, WorkloadError
from harness.plan.facts.columns import fresh, repeated
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typed import Expression
from harness.plan.facts.windows import resolve_names
from harness.plan.sql import bound, constants, decimals
from harness.plan.sql.casts import plain_casts
from harness.plan.sql.dialect import Written
from harness.plan.sql.functions import by_name, moments
from harness.plan.sql.grouping import mark_grouped
from harness.plan.sql.joined import plainly_joined
from harness.plan.sql.nesting import tied_to_the_next
from harness.plan.sql.normalize import normalize
from harness.plan.sql.nulls import without_nulls
from harness.plan.sql.sources import columns_of_source, ordered_by, places, sources_of
from harness.plan.sql.spellings import (
    distinct_on,
    positions_in_sets,
    quantified,
    tested_totals,
    tuples,
)
from harness.plan.sql.written import plain_limit, plainly_written
from harness.special import EXACT
from harness.types import Schema
from harness.words import folded

DIALECT = Written

logger = logging.getLogger(__name__)


def one_select(sql: str, schemas: Mapping[str, Schema]) -> exp.Query:
    """Parses and checks a query; returns its tree with equivalent clauses written in one way.

    Raises WorkloadError for anything but one SELECT over the tables of ``schemas``.
    """
    tree = parsed(sql)
    by_name(tree)
    plainly_written(tree, schemas)
    _check_tables(tree, schemas)
    _check_parameters(tree)
    _check_deterministic(tree, schemas)
    _check_words(tree)
    for query in tree.find_all(exp.Query):  # last: DuckDB computes the limits of what was checked
        plain_limit(query)
    return tree


def answer_names(sql: str, tree: exp.Query, schemas: Mapping[str, Schema]) -> tuple[str, ...]:
    """Returns the names of the answer's columns, as DuckDB has them, made unique.

    Raises WorkloadError if DuckDB rejects the query, with a message of the harness if there is one.
    """
    try:
        names, kinds = bound.answer_columns(sql, schemas)
    except WorkloadError as error:
        raise _in_our_words(tree.copy(), schemas) or error from None
    bound.check_comparable(names, kinds)
    return each_once(names)


def _in_our_words(tree: exp.Query, schemas: Mapping[str, Schema]) -> WorkloadError | None:
    """Returns the harness's own error for a query that DuckDB rejects, or None if it has none."""
    try:
        qualified(tree, schemas, ())
    except WorkloadError as error:
        return error
    except Exception as error:  # DuckDB's own message is shown then
        logger.debug("not compiled: %s", error)
    return None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Returns text to add to a message: the closest known name, else the known names, or ""."""
    names = sorted(known)
    close = difflib.get_close_matches(name.lower(), [n.lower() for n in names], n=1)
    if close:
        return f"; did you mean {next(n for n in names if n.lower() == close[0])!r}?"
    return f"; there are {', '.join(names[:12])}{', …' if len(names) > 12 else ''}" if names else ""


def parsed(sql: str) -> exp.Query:
    """Parses one SELECT; raises WorkloadError for anything else."""
    try:
        statements = [
            s
            for s in sqlglot.parse(sql, read=DIALECT)
            if s is not None and not isinstance(s, exp.Semicolon)
        ]
    except (ParseError, TokenError) as error:
        raise WorkloadError(f"the SQL cannot be parsed: {_first_line(error)}") from None
    if len(statements) != 1:
        raise WorkloadError(f"a query is one SELECT, and this has {len(statements)} statements")
    tree = statements[0]
    if not isinstance(tree, exp.Query) or tree.args.get("into"):
        word = sql.split(maxsplit=1)[0].upper()
        raise WorkloadError(f"a query is a SELECT, and this is a {word} statement")
    if other := next((part for part in tree.walk() if isinstance(part, _STATEMENTS)), None):
        raise WorkloadError(f"a query is a SELECT, and this has {other.sql('duckdb')!r} in it")
    return _out_of_parentheses(tree)


def _out_of_parentheses(tree: exp.Query) -> exp.Query:
    """Returns a query without parentheses around all of it, with the WITH clause before them."""
    clauses = {name for name, value in tree.args.items() if value} - {"this", "with_"}
    if not isinstance(tree, exp.Subquery) or clauses or not isinstance(tree.this, exp.Query):
        return tree
    inner, own = tree.this, tree.args.get("with_")
    if own is not None and inner.args.get("with_") is not None:
        return tree
    inner.pop()
    if own is not None:
        inner.set("with_", own)
    return _out_of_parentheses(inner)


_STATEMENTS = (
    *(exp.DDL, exp.DML, exp.Command, exp.Describe, exp.Summarize, exp.Show, exp.Pragma, exp.Set),
    *(exp.Attach, exp.Detach, exp.Use, exp.Copy, exp.Into),
)
"""Other statements that DuckDB executes, some of which may stand in FROM."""


def _first_line(error: Exception) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    return plain.splitlines()[0].strip().rstrip(".")


_NOT_A_TABLE = "a query reads the tables that its file declares, not {}"


def _check_tables(tree: exp.Query, schemas: Mapping[str, Schema]) -> None:
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            raise WorkloadError(_NOT_A_TABLE.format(table.this.sql("duckdb")))
        if table.args.get("db") or table.args.get("catalog"):
            raise WorkloadError(f"a table has a plain name, not {table.sql('duckdb')!r}")
        ctes = _ctes_around(table)
        if table.name not in ctes and table.name not in schemas:
            hint = did_you_mean(table.name, {*schemas, *ctes})
            raise WorkloadError(f"no table {table.name!r}{hint}")
    if tree.find(exp.Unnest) is not None:
        raise WorkloadError(_NOT_A_TABLE.format("UNNEST in FROM"))


def _ctes_around(table: exp.Table) -> set[str]:
    """Returns the names of the CTEs that a table may refer to: those of the queries around it.

    A table inside a CTE may refer to the CTEs before that one in the same WITH, but to those after
    it only if the WITH is recursive.
    """
    names: set[str] = set()
    part: Expression = table
    while part.parent is not None:
        inside, part = part, part.parent
        clause = part.args.get("with_")
        if clause is None or inside is clause:
            continue
        names |= {cte.alias for cte in clause.expressions}
    for cte in _enclosing(table, exp.CTE):
        siblings = cte.parent.expressions
        place = next(n for n, other in enumerate(siblings) if other is cte)
        before = siblings if cte.parent.args.get("recursive") else siblings[:place]
        names |= {other.alias for other in before}
    return names


def _enclosing(part: Expression, kind: type[Expression]) -> Iterator[Any]:
    """Yields the expressions of a class around a part, the nearest first."""
    while part.parent is not None:
        part = part.parent
        if isinstance(part, kind):
            yield part


def _check_parameters(tree: exp.Query) -> None:
    for kind in (exp.Parameter, exp.Placeholder, exp.SessionParameter):
        if found := tree.find(kind):
            raise WorkloadError(f"a query has no parameters, and this has {found.sql('duckdb')}")


def _check_deterministic(tree: exp.Query, schemas: Mapping[str, Schema]) -> None:
    """Raises WorkloadError for a function that differs in each run, as ``random()``.

    Its answer could not be checked.
    """
    if found := tree.find(*_NONDETERMINISTIC) or _word_of_a_session(tree, schemas):
        raise WorkloadError(
            f"a query has one answer, and this has another each time: {found.sql('duckdb').strip()}"
        )


def _word_of_a_session(tree: exp.Query, schemas: Mapping[str, Schema]) -> exp.Column | None:
    """Returns the first ``user`` or the like that is a function: nothing has a column of the name.

    sqlglot reads these functions, which have no parentheses, as columns, and those of the clock in
    quotation marks; an alias may be in another scope, and so allows no word of the clock.
    """
    named = {folded(alias.alias) for alias in tree.find_all(exp.Alias)}
    named |= {folded(c.name) for a in tree.find_all(exp.TableAlias) for c in a.columns}
    words = _CLOCK | (_WORDS_OF_A_SESSION - named)
    words -= {folded(column.name) for schema in schemas.values() for column in schema}
    columns = (c for c in tree.find_all(exp.Column) if folded(c.name) in words and not c.table)
    return next(columns, None)


_CLOCK = frozenset(
    {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}
)
_WORDS_OF_A_SESSION = frozenset(
    {"current_catalog", "current_schema", "current_role", "current_user", "session_user", "user"}
)
_NONDETERMINISTIC = (
    *(exp.TableSample, exp.Rand, exp.Randn, exp.Uuid),
    *(
        kind
        for name, kind in vars(exp).items()
        if name.startswith(("Current", "Localtime", "SessionUser"))
    ),
)


def _check_words(tree: exp.Query) -> None:
    """Raises WorkloadError for a name of a unit, type or the like that is more than words.

    sqlglot prints such names unquoted, so others would change the query.
    """
    for part in tree.find_all(exp.Var, exp.DataType):
        raw = part.args.get("kind") if isinstance(part, exp.DataType) else part.name
        if isinstance(raw, str) and not _WORDS.fullmatch(raw):
            raise WorkloadError(f"{raw[:40]!r} is no word that SQL has here")


_WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_ ]*|")


def qualified(tree: exp.Query, schemas: Mapping[str, Schema], names: Sequence[str]) -> exp.Query:
    """Returns the tree in normal form, stars expanded, columns qualified by their table.

    The answer's columns are called ``names``. Raises WorkloadError for unknown columns, Unsupported
    for what has no normal form.
    """
    known = _schema_of_tables(tree, schemas)
    tree = _named(tree, schemas, known, names)
    return _normal(_typed(tree, known), known)


def _named(
    tree: exp.Query, schemas: Mapping[str, Schema], known: MappingSchema, names: Sequence[str]
) -> exp.Query:
    """Resolves the names in the tree, and gives the answer's columns the names ``names``.

    ``known`` is ``schemas`` in sqlglot's form.
    """
    for select in tree.find_all(exp.Select):
        _names_under_stars(select, schemas)
    plainly_joined(tree, schemas)
    for select in tree.find_all(exp.Select):
        _aliased_subqueries(select)
        _last_of_a_name(select, schemas)
    keys = list(_named_keys(tree))
    spelled = _spelled(tree, names)
    _name_order(tree, spelled)
    _name_columns(tree, spelled)
    _first_names_of_units(tree)
    positions_in_sets(tree)
    quantified(tree)
    for select in tree.find_all(exp.Select):
        resolve_names(select)
    try:
        tree = qualify(tree, schema=known, dialect=DIALECT, quote_identifiers=False)
    except OptimizeError as error:
        read = {table.name for table in tree.find_all(exp.Table)}
        own = {name: schema for name, schema in schemas.items() if name in read}
        raise _explained(error, own) from None
    _name_columns(tree, names)
    _unlike_in_sets(tree)
    _places_in_order(tree)
    for key, item in keys:
        key.set("this", exp.column(item.alias))
    for select in tree.find_all(exp.Select):
        _aliases_left(select, schemas)
        mark_grouped(select)
    tested_totals(tree)
    tied_to_the_next(tree, schemas)
    return tree


def _typed(tree: exp.Query, known: MappingSchema) -> exp.Query:
    """Replaces constants and casts by DuckDB's, and annotates the tree with types.

    ``known`` is sqlglot's schema of the tables.
    """
    moments(tree)
    constants.written(tree)
    tree = annotate_types(constants.computed(tree), schema=known, dialect=DIALECT)
    constants.typed_nulls(tree)
    constants.texts_beside_values(tree)
    plain_casts(tree)
    return tree


def _normal(tree: exp.Query, known: MappingSchema) -> exp.Query:
    """Rewrites the tree to normal form, with decimals as integers.

    ``known`` is sqlglot's schema of the tables.
    """
    for select in list(tree.find_all(exp.Select)):
        _plain_clauses(select)
        distinct_on(select)
        tuples(select)
    tree = without_nulls(canonicalize(tree, dialect=DIALECT))
    simple: Any = _Simplifier(DIALECT).simplify(tree)
    if any("." in literal.name for literal in simple.find_all(exp.Literal)):
        # new nodes have no types yet
        simple = annotate_types(simple, schema=known, dialect=DIALECT)
    exact = decimals.in_whole_numbers(simple)
    normal: exp.Query = without_nulls(normalize(exact))
    constants.typed_nulls(normal)
    for part in normal.walk():
        part.type = None  # the plan infers its own; copying these takes time
        if isinstance(part, exp.Literal) and not part.is_string and float(part.name) < EXACT:
            part.set("this", part.name.removesuffix("e0"))
    return normal


def _named_keys(tree: exp.Query) -> Iterator[tuple[Expression, Expression]]:
    """Yields ORDER BY keys that name an item of the SELECT list, with the last item of that name.

    An item comes before a source's column; ``* replace (-a as a)`` is an item, too. The ORDER BY of
    the whole query is resolved by the answer's names instead.
    """
    for select in tree.find_all(exp.Select):
        stars = [item for item in select.selects if isinstance(item, exp.Star)]
        items = [value for star in stars for value in star.args.get("replace") or []]
        if select is not tree:
            items += [item for item in select.selects if isinstance(item, exp.Alias)]
        named = {item.alias: item for item in items}
        order = select.args.get("order")
        for key in order.expressions if order is not None else ():
            name = key.this
            if isinstance(name, exp.Column) and not name.table and name.name in named:
                yield key, named[name.name]


def _aliases_left(select: exp.Select, schemas: Mapping[str, Schema]) -> None:
    """Resolves the names that sqlglot leaves inside ORDER BY, HAVING and QUALIFY.

    In an ORDER BY expression that is a source's column, else an item's alias. In the others it is
    the alias of a number.
    """
    values = {item.alias_or_name: item.unalias() for item in select.selects}
    order = select.args.get("order")
    keys = order.expressions if order else []
    keys = [key for key in keys if not isinstance(key.this, exp.Column)]
    for column in [c for key in keys for c in _unresolved(key)]:
        owners = [
            source.alias_or_name
            for source in sources_of(select)
            if column.name in (columns_of_source(source, schemas) or ())
        ]
        if owners:
            column.set("table", exp.to_identifier(owners[0]))
        elif column.name in values:
            column.replace(exp.paren(values[column.name].copy()))
    for clause in (select.args.get("having"), select.args.get("qualify")):
        for column in _unresolved(clause) if clause else ():
            if (value := values.get(column.name)) is not None:
                column.replace(exp.paren(value.copy()))


def _unresolved(part: Expression) -> list[exp.Column]:
    return [column for column in part.find_all(exp.Column) if not column.table]


class _Simplifier(Simplifier):
    """sqlglot's simplifier, without rules that hold for integers but not for floats."""

    def simplify_equality(self, expression: exp.Expr) -> exp.Expr:
        side = expression.this if isinstance(expression, self.COMPARISONS) else None
        if isinstance(side, exp.Binary) and not (_is_whole(side.left) and _is_whole(side.right)):
            return expression
        equal: exp.Expr = super().simplify_equality(expression)
        return equal

    def _simplify_binary(self, expression: Any, a: Any, b: Any) -> Any:
        if a.is_number and b.is_number and not (a.is_int and b.is_int):
            return None
        found = super()._simplify_binary(expression, a, b)  # type: ignore[no-untyped-call]
        is_beyond = isinstance(found, exp.Literal) and found.is_int and int(found.name) >= 2**63
        return None if is_beyond else found


def _is_whole(e: Expression) -> bool:
    """True if an expression's type is known and not a float."""
    return not e.is_type(*exp.DataType.FLOAT_TYPES, *exp.DataType.REAL_TYPES, exp.DType.UNKNOWN)


def _names_under_stars(select: exp.Select, schemas: Mapping[str, Schema]) -> None:
    """Raises Unsupported if a star stands for two columns of one name."""
    if any(item.is_star for item in select.selects):
        for source in sources_of(select):
            if name := repeated(columns_of_source(source, schemas) or []):
                raise Unsupported(f"two columns called {name!r} in a subquery", in_sql(source))


def _aliased_subqueries(select: exp.Select) -> None:
    """Gives scalar subqueries an alias, without which ``order by 1`` may mean a wrong column."""
    for place, item in enumerate(select.selects):
        if isinstance(item, exp.Subquery) and not item.alias:
            item.replace(exp.Alias(this=item.copy(), alias=exp.to_identifier(f"_col_{place}")))


def _last_of_a_name(select: exp.Select, schemas: Mapping[str, Schema]) -> None:
    """Resolves an alias that is given twice to the last one, unless a source has that column.

    ``select -n as a, 2 as a, a + 1`` gives 3 for ``a + 1``.
    """
    named = [item for item in select.selects if isinstance(item, exp.Alias)]
    values = {item.alias: item.this for item in named}
    if len(values) == len(named):
        return
    for source in sources_of(select):
        for name in columns_of_source(source, schemas) or values.copy():
            values.pop(name, None)
    for column in [c for c in select.find_all(exp.Column) if not c.table and c.name in values]:
        if column.parent_select is select and not isinstance(column.parent, exp.Ordered):
            column.replace(exp.paren(values[column.name].copy()))


def _places_in_order(query: exp.Query) -> None:
    """Replaces positions in ORDER BY by names.

    sqlglot has done so before, unless a star has two columns of one name.
    """
    order = query.args.get("order")
    for key in order.expressions if order is not None else ():
        if isinstance(key.this, exp.Literal) and key.this.is_int:
            key.set("this", exp.column(query.selects[int(key.this.name) - 1].alias_or_name))


def _name_order(tree: exp.Query, names: Sequence[str]) -> None:
    """Changes the tree in place: ORDER BY keys that name a column of the answer use its name."""
    where = places(tree.selects, len(names))
    for key in _bare_keys(tree):
        found = ordered_by(key.name, tree)
        if found is not None and (place := where[found]) is not None:
            key.set("this", exp.to_identifier(names[place], quoted=True))


def _bare_keys(tree: exp.Query) -> list[exp.Column]:
    """Returns the ORDER BY keys that are names without a table."""
    order = tree.args.get("order")
    keys = [key.this for key in order.expressions] if order is not None else []
    return [key for key in keys if isinstance(key, exp.Column) and not key.table]


def _name_columns(tree: exp.Query, names: Sequence[str]) -> None:
    """Changes the tree in place: the SELECT list's items get the names of the answer's columns.

    Stars, and items whose place in the answer is not known, keep their names. ORDER BY keys that
    use an old name get the new one.
    """
    items, changed = tree.selects, dict[str, str]()
    for item, place in zip(items, places(items, len(names)), strict=True):
        if place is None:
            continue
        name = exp.to_identifier(names[place], quoted=True)
        if item.alias_or_name not in names:
            changed.setdefault(item.alias_or_name, names[place])
        if isinstance(item, exp.Alias):
            item.set("alias", name)
        else:
            item.replace(exp.alias_(item.copy(), name))
    for key in _bare_keys(tree):
        if key.name in changed:
            key.set("this", exp.to_identifier(changed[key.name], quoted=True))


def _unlike_in_sets(tree: exp.Query) -> None:
    """Changes the tree in place: no later query of a set operation has a name for two columns.

    The names are those of its first query: nothing reads the others.
    """
    for query in tree.find_all(exp.SetOperation):
        names = [item.alias for item in query.expression.selects]
        for place, item in enumerate(query.expression.selects):
            if item.alias in names[:place]:
                names[place] = fresh(item.alias, {*names})
                item.set("alias", exp.to_identifier(names[place], quoted=True))


def _spelled(tree: exp.Query, names: Sequence[str]) -> list[str]:
    """Returns the names as the tree's SELECT list spells them, where only the case differs.

    For ``select a`` the names ``["A"]`` become ``["a"]``.
    """
    own = {folded(item.alias_or_name): item.alias_or_name for item in tree.selects}
    return [own.get(folded(name), name) for name in names]


def _schema_of_tables(tree: exp.Query, schemas: Mapping[str, Schema]) -> MappingSchema:
    """Returns the names and types of the columns of a query's tables, in the form sqlglot takes."""
    columns: dict[str, object] = {
        name: {column.name: column.type.sql for column in schemas[name]}
        for name in {table.name for table in tree.find_all(exp.Table)}
        if name in schemas
    }
    return MappingSchema(columns, dialect=DIALECT)


def _plain_clauses(select: exp.Select) -> None:
    """Writes out ``order by all``; rewrites ``semi join t on c`` to ``exists (from t where c)``.

    Before a RIGHT or FULL join a semi join filters other rows, and is left as it is.
    """
    order, joins = select.args.get("order"), select.args.get("joins") or []
    if order is not None and any(isinstance(key.this, exp.Var) for key in order.expressions):
        (every,) = order.expressions
        keys = [every.copy() for _ in select.selects]
        for key, item in zip(keys, select.selects, strict=True):
            key.set("this", exp.column(item.alias_or_name))
        order.set("expressions", keys)
    if any(join.side in ("RIGHT", "FULL") for join in joins):
        return
    for join in [j for j in joins if j.kind in ("SEMI", "ANTI") and j.args.get("on") is not None]:
        rows = exp.select("1").from_(join.this.copy()).where(join.args["on"].copy())
        test: Expression = exp.Exists(this=rows)
        select.where(test if join.kind == "SEMI" else exp.Not(this=test), copy=False)
        joins.remove(join)


def _explained(error: OptimizeError, schemas: Mapping[str, Schema]) -> WorkloadError:
    """Returns the harness's error for one of sqlglot; ``schemas`` are those of the tables read."""
    message = _first_line(error)
    if found := re.search(
        r"[Cc]olumn '?\"?([^'\"]+?)'?\"? (could not be resolved|was ambiguous)", message
    ):
        name = found[1].split(".")[-1]
        known = {column.name for schema in schemas.values() for column in schema}
        several = sum(name in {column.name for column in schema} for schema in schemas.values()) > 1
        if "ambiguous" in found[2] or (several and "." not in found[1]):
            return WorkloadError(f"column {name!r} is in more than one table; say which")
        if name in known:
            return WorkloadError(f"column {name!r} is of no table that can be read here")
        return WorkloadError(f"no column {name!r}{did_you_mean(name, known)}")
    if found := re.search("Alias already used: (.+)", message):
        return WorkloadError(f"two tables or subqueries of one FROM are called {found[1]!r}")
    if found := re.search(r"Unknown column: (.+)", message):
        known = {column.name for schema in schemas.values() for column in schema}
        return WorkloadError(f"no column {found[1]!r}{did_you_mean(found[1], known)}")
    return WorkloadError(message)


_UNITS = {
    other: unit
    for unit, others in {
        "YEAR": "Y YR YRS YEARS",
        "QUARTER": "QUARTERS",
        "MONTH": "MON MONS MONTHS",
        "WEEK": "W WEEKS WEEKOFYEAR",
        "DAY": "D DAYS DAYOFMONTH",
        "HOUR": "H HR HRS HOURS",
        "MINUTE": "M MIN MINS MINUTES",
        "SECOND": "S SEC SECS SECONDS",
    }.items()
    for other in others.split()
}
"""DuckDB's other names of units of time -> their first names."""


def _first_names_of_units(tree: exp.Query) -> None:
    """Rewrites ``90 days`` to ``90 day``, and so the units of functions of dates."""
    for e in tree.find_all(exp.Interval, exp.DateDiff, exp.TimestampTrunc, exp.Extract):
        unit = e.this if isinstance(e, exp.Extract) else e.args.get("unit")
        if isinstance(unit, exp.Var):
            unit.set("this", _UNITS.get(unit.name.upper(), unit.name))
