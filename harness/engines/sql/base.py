"""Engines that run SQL: the checked tree of a query, printed in a dialect, and a session for it.

A dialect is a subclass of sqlglot's nearest with a table of spellings (``spellings.py``); what no
spelling can say is done to the tree before, by rules (``rules.py``).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import sqlglot
from sqlglot import ErrorLevel, exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError, UnsupportedError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.schema import MappingSchema

from harness.engines.base import OUTPUT_FILE, Engine, Program, Session
from harness.engines.gaps import Gap, Gaps, Refused
from harness.engines.sql.gaps import ALWAYS_NULL, COMMON, READ_OTHERWISE, UNSPELT
from harness.engines.sql.rules import RULES, Rule
from harness.errors import first_cause
from harness.plan import Query
from harness.plan.facts.printing import in_sql, parenthesise
from harness.plan.guards.nan_uses import Use
from harness.plan.sql.dialect import Written
from harness.plan.sql.grouping import has_aggregate, is_grouped
from harness.tables import Input, Table

if TYPE_CHECKING:
    import pyarrow as pa

WRITES = f"-- the answer is written to {OUTPUT_FILE}\n"
"""The first line of a program whose timed work ends with a file."""


class SqlSession(Session):
    """Tables under their names, and one SELECT over them."""

    gaps = Gaps("SQL", ())
    """Those of the engine, of which some show only when the library says so."""

    def __init__(self, threads: int = 1) -> None:
        self.threads, self.sql, self.writes = threads, "", False

    @abstractmethod
    def execute(self, sql: str) -> Any:
        """The answer, materialised."""

    @abstractmethod
    def write(self, sql: str, path: str) -> None:
        """Computes the answer and leaves it in a Parquet file."""

    def prepare(self, program: Program) -> None:
        self.sql, self.writes = program.text.removeprefix(WRITES), program.text.startswith(WRITES)

    def run(self) -> Any:
        with self.lacking_as_unsupported():
            return self.write(self.sql, OUTPUT_FILE) if self.writes else self.execute(self.sql)

    @contextmanager
    def lacking_as_unsupported(self) -> Iterator[None]:
        """Raises Unsupported in the place of what the library says of SQL that it does not have."""
        try:
            yield
        except Exception as error:
            cause = first_cause(error)
            refused = self.gaps.said(f"{type(cause).__name__}: {cause}".strip())
            if refused is not None:
                raise refused from error
            raise

    def to_arrow(self, result: Any) -> pa.Table:
        return result

    def rows(self, result: Any) -> int:
        return len(result)


class SqlEngine(Engine):
    """An engine whose programs are the query's SQL, printed of the checked tree in its dialect."""

    language: ClassVar[str] = "sql"
    dialect: ClassVar[type[Dialect]]
    rules: ClassVar[tuple[Rule, ...]] = RULES
    session: ClassVar[type[SqlSession]]
    gaps: ClassVar[tuple[Gap, ...]] = COMMON
    nan_differs: ClassVar[frozenset[Use]] = frozenset(Use)
    """All, until a library is known to have DuckDB's rules for NaN."""

    def compile(self, query: Query, tables: Mapping[str, Table], source: Input) -> Program:
        gaps = self.lacks()
        self.lowered(query)  # what of its data the library takes otherwise than SQL is found there
        assert query.tree is not None, "a query with a plan has a tree"
        tree = _typed(query.tree, tables)
        if any(map(_is_always_null, tree.find_all(exp.Select))):
            raise gaps.unsupported(ALWAYS_NULL)
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
            raise gaps.unsupported(UNSPELT, detail=str(error)) from error
        if not _reads_as(text, tree, self.dialect):
            raise gaps.unsupported(READ_OTHERWISE, text)
        return Program(f"{WRITES if query.write else ''}{text}\n", self.language)

    def start(self, threads: int) -> Session:
        session = self.session(threads)
        session.gaps = self.lacks()
        return session

    def _refuse_gaps(self, tree: exp.Query) -> None:
        for e in tree.walk():
            for gap in self.gaps:
                if gap.holds(e):
                    raise Refused(self.label, gap, in_sql(e))


def _reads_as(text: str, tree: exp.Query, dialect: type[Dialect]) -> bool:
    """Whether a text is one SELECT that names no more, and calls no more by name, than a tree.

    sqlglot prints some texts without quotation marks: what they say would be a part of the query.
    """
    try:
        statements = [found for found in sqlglot.parse(text, read=dialect) if found is not None]
    except SqlglotError:
        return False
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        return False
    names = {part.name for part in tree.find_all(exp.Identifier)}
    texts = {part.name for part in tree.find_all(exp.Literal) if part.is_string} | {"NaN"}
    read = statements[0]
    return (
        {part.name for part in read.find_all(exp.Identifier)} <= names
        and {part.name for part in read.find_all(exp.Table)} <= names
        and not any(
            part.is_string and part.name not in texts and not isinstance(part.parent, exp.Interval)
            for part in read.find_all(exp.Literal)
        )
        and not any(read.find_all(exp.Into, exp.DDL, exp.DML, exp.Command, exp.ReadCSV))
    )


def _is_always_null(select: exp.Select) -> bool:
    """Whether a SELECT had aggregates, and has none any more: all were found to be NULL."""
    keys = select.args.get("group")
    return is_grouped(select) and not keys and not any(map(has_aggregate, select.selects))


def _typed(tree: exp.Query, tables: Mapping[str, Table]) -> exp.Query:
    """A copy in which every expression knows its type, with the parentheses that SQL needs."""
    copy = tree.copy()
    parenthesise(copy)
    columns: dict[str, object] = {
        name: {column.name: column.type.sql for column in table.schema}
        for name, table in tables.items()
    }
    schema = MappingSchema(columns, dialect=Written)
    typed: exp.Query = annotate_types(copy, schema=schema, dialect=Written)
    return typed
