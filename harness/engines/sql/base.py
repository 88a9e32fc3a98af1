"""Base classes of engines that run SQL: they print a query's checked tree in their dialect.

Rules (``rules.py``) rewrite the tree first; then the dialect prints it, by sqlglot's nearest
dialect and a table of its own (``spellings.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

import sqlglot
from sqlglot import ErrorLevel, exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError, UnsupportedError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.schema import MappingSchema

from harness.engines.base import Engine
from harness.engines.gaps import Gap, Refused
from harness.engines.session import Program
from harness.engines.sql.gaps import ALWAYS_NULL, COMMON, READ_OTHERWISE, UNSPELT
from harness.engines.sql.rules import RULES, Rule
from harness.engines.sql.sessions.base import WRITES
from harness.engines.sql.shapes.subqueries import NEVER_NULL
from harness.plan import CompiledQuery
from harness.plan.facts.printing import in_sql, parenthesise
from harness.plan.guards.names import refuse_name
from harness.plan.guards.nan_uses import Use
from harness.plan.sql.dialect import Written
from harness.plan.sql.grouping import has_aggregate, is_grouped
from harness.tables import Input, Table


class SqlEngine(Engine):
    """An engine whose program for a query is SQL in its own dialect."""

    language: ClassVar[str] = "sql"
    hands_over: ClassVar[str] = "the columns of the whole answer, as NumPy arrays"
    dialect: ClassVar[type[Dialect]]
    rules: ClassVar[tuple[Rule, ...]] = RULES
    gaps: ClassVar[tuple[Gap, ...]] = COMMON
    also: ClassVar[Mapping[Input, str]] = {}
    """Comments at the start of programs, by input, that say what else a run does."""
    adds: ClassVar[re.Pattern[str]] = re.compile("(NaN)?")
    """The texts that the dialect's spellings put into programs beside those of the query."""
    nan_differs: ClassVar[frozenset[Use]] = frozenset(Use)
    """By default all of them: a library has to show that its rules for NaN are DuckDB's."""

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        gaps = self.lacks()
        self.lowered(query)  # refuses values, such as NaN, that the library handles differently
        assert query.tree is not None, "a query with a plan has a tree"
        tree = typed(query.tree, tables)
        if any(map(_is_always_null, tree.find_all(exp.Select))):
            raise gaps.unsupported(ALWAYS_NULL)
        for name in sorted({t.name for t in tree.find_all(exp.Table)} & tables.keys()):
            self.refuse_table(tables[name], source)
        self._refuse_gaps(tree)
        for rule in self.rules:
            tree = rule(tree, query.spec)
        try:
            text = tree.sql(
                self.dialect,
                pretty=True,
                identify=True,
                comments=False,
                unsupported_level=ErrorLevel.RAISE,
            )
        except UnsupportedError as error:
            lacking = dict.fromkeys(str(error).split("\n\n"))  # each once
            raise gaps.unsupported(UNSPELT, detail=", ".join(lacking)) from error
        if not _reads_as(text, tree, self.dialect, self.adds):
            raise gaps.unsupported(READ_OTHERWISE, text)
        first = f"{WRITES if query.write else ''}{self.also.get(source, '')}"
        return Program(f"{first}{text}\n", self.language)

    def refuse_table(self, table: Table, source: Input) -> None:
        """Raises Refused for a table whose files the library would read differently from DuckDB."""

    def _refuse_gaps(self, tree: exp.Query) -> None:
        for e in tree.walk():
            if self.names_differ is not None and isinstance(e, exp.Identifier):
                refuse_name(e.name, self.names_differ, self.label)
            for gap in self.gaps:
                if gap.holds(e):
                    raise Refused(self.label, gap, in_sql(e))


def _reads_as(text: str, tree: exp.Query, dialect: type[Dialect], adds: re.Pattern[str]) -> bool:
    """True if a text parses to one SELECT that reads no names, tables or strings beyond the tree's.

    ``adds`` matches strings that the dialect adds by itself. A guard against injection: sqlglot
    prints some strings without quotation marks.
    """
    try:
        statements = [found for found in sqlglot.parse(text, read=dialect) if found is not None]
    except SqlglotError:
        return False
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        return False
    names = {part.name for part in tree.find_all(exp.Identifier)}
    texts = {part.name for part in tree.find_all(exp.Literal) if part.is_string}
    read = statements[0]
    return (
        {part.name for part in read.find_all(exp.Identifier)} <= names
        and {part.name for part in read.find_all(exp.Table)} <= names
        and not any(
            part.name not in texts and not adds.fullmatch(part.name) and not _is_reworded(part)
            for part in read.find_all(exp.Literal)
            if part.is_string
        )
        and not any(read.find_all(exp.Into, exp.DDL, exp.DML, exp.Command, exp.ReadCSV))
    )


def _is_reworded(text: exp.Literal) -> bool:
    """True for a literal that dialects reword: an interval's number, or a plain format of times."""
    of_time = text.arg_key == "format" and re.fullmatch(r"[\w %:./,-]*", text.name) is not None
    return of_time or isinstance(text.parent, exp.Interval)


def _is_always_null(select: exp.Select) -> bool:
    """True if a SELECT without GROUP BY is grouped, but has no aggregates: these became NULL.

    sqlglot's simplifier replaces the aggregates that are NULL whatever the rows are.
    """
    keys = select.args.get("group")
    return is_grouped(select) and not keys and not any(map(has_aggregate, select.selects))


def typed(tree: exp.Query, tables: Mapping[str, Table]) -> exp.Query:
    """A copy of the tree with a type on every expression and the parentheses that SQL needs."""
    copy = tree.copy()
    parenthesise(copy)
    columns: dict[str, object] = {
        name: {column.name: column.type.sql for column in table.schema}
        for name, table in tables.items()
    }
    schema = MappingSchema(columns, dialect=Written)
    typed: exp.Query = annotate_types(copy, schema=schema, dialect=Written)
    _mark_never_null(typed, tables)
    return typed


def _mark_never_null(tree: exp.Query, tables: Mapping[str, Table]) -> None:
    """Marks each column that its table declares free of NULLs, if the query has no outer join."""
    if any(join.side for join in tree.find_all(exp.Join)):
        return
    named: dict[str, set[str]] = {}
    for table in tree.find_all(exp.Table):
        named.setdefault(table.alias_or_name, set()).add(table.name)
    sure = {(n, c.name) for n, t in tables.items() for c in t.schema if not c.nullable}
    for column in tree.find_all(exp.Column):
        sources = named.get(column.table, {""})
        column.meta[NEVER_NULL] = all((name, column.name) in sure for name in sources)
