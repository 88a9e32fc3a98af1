"""SQL text -> one checked SELECT, equivalent clauses written in one way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from harness.errors import WorkloadError
from harness.plan.facts.typed import Expression
from harness.plan.sql.dialect import Written
from harness.plan.sql.functions import by_name
from harness.plan.sql.written import plain_limit, plainly_written
from harness.types import Schema
from harness.words import folded, suggestion

DIALECT = Written


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


def parsed(sql: str) -> exp.Query:
    """Parses one SELECT; raises WorkloadError for anything else."""
    try:
        statements = [
            s
            for s in sqlglot.parse(sql, read=DIALECT)
            if s is not None and not isinstance(s, exp.Semicolon)
        ]
    except (ParseError, TokenError) as error:
        raise WorkloadError(f"the SQL cannot be parsed: {first_line(error)}") from None
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


def first_line(error: Exception) -> str:
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
            hint = suggestion(table.name, {*schemas, *ctes}, "there are")
            raise WorkloadError(f"no table {table.name!r}; {hint}")
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
