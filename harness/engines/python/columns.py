"""The base of emitters for libraries whose frames take columns: PySpark's and Daft's.

There ``select`` takes columns with an ``alias``, a method adds columns by their names, and a window
is an object, which a variable holds.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Generic, TypeVar

from sqlglot import exp

from harness.answer import SortKey
from harness.engines.gaps import Gaps
from harness.engines.python.constants import of_columns
from harness.engines.python.functions import Functions
from harness.engines.python.gaps import WIDE_COUNT
from harness.engines.python.kernel import ATOM, MOST_COUNTED, Code, quoted
from harness.engines.python.lazy import LazyProgram
from harness.engines.python.like import like_pattern
from harness.plan.guards.widths import NarrowColumns
from harness.plan.tree.nodes import Expression, Item, Limit, Node, Project
from harness.tables import Input, Table


class ColumnFunctions(Functions):
    """Emits the functions that have one name in all of these libraries."""

    def like(self, e: Expression) -> Code:
        subject, pattern = self.operand(e.this, ATOM), e.expression.name
        simple = like_pattern(pattern)
        if simple.test == "equals":
            return Code(f"{subject} == {quoted(simple.text)}", 0)
        calls = {"starts": "startswith", "ends": "endswith", "contains": "contains"}
        if simple.test in calls:
            return Code(f"{subject}.{calls[simple.test]}({quoted(simple.text)})", ATOM)
        return Code(f"{subject}.like({_escaped(pattern)})", ATOM)

    def ilike(self, e: Expression) -> Code:
        return Code(f"{self.operand(e.this, ATOM)}.ilike({_escaped(e.expression.name)})", ATOM)

    @abstractmethod
    def value(self, e: Expression) -> str:
        """Returns the text of a value as a column: that of a constant is ``lit("a")``."""


def _escaped(pattern: str) -> str:
    r"""Returns the text of a LIKE pattern in which ``\`` is a character, as in DuckDB."""
    return quoted(pattern.replace("\\", "\\\\"))


P = TypeVar("P", bound=ColumnFunctions)


class ColumnProgram(LazyProgram, Generic[P]):
    """Emits a plan as the source of one lazy frame."""

    printer: type[P]
    """The emitter of expressions over columns."""
    adds: ClassVar[tuple[str, str]]
    """The methods that add one column, and several of a dictionary."""

    def __init__(self, gaps: Gaps, tables: Mapping[str, Table], source: Input) -> None:
        super().__init__(gaps, tables, source)
        self.widths = NarrowColumns(self.printer.widths.narrow)
        self.windows: dict[str, str] = {}
        """The text of a window -> the variable that holds it."""

    def expressions(self, *sources: Node) -> P:
        """Returns an emitter for expressions over the columns of these nodes."""
        schema = tuple(column for source in sources for column in source.schema)
        return self.printer(self.gaps, schema, self.widths.narrow(*sources))

    def name(self, column: str) -> str:
        """Returns the text of a column's name as an argument."""
        return quoted(column)

    def project(self, node: Project) -> str:
        text = self.frame(node.input)
        same = tuple(n for n, e in node.items if isinstance(e, exp.Column) and e.name == n)
        added = node.items[len(same) :]
        if self.physical[node.input] == same == node.names[: len(same)] and added:
            print_ = self.expressions(node.input)
            return text + self.added({name: print_.value(e) for name, e in added})
        return f"{text}.select({self.items(node.items, node.input)})"

    def items(self, items: Sequence[Item], source: Node, of: Node | None = None) -> str:
        print_ = self.expressions(source)
        if of is not None:
            self.physical[of] = tuple(name for name, _ in items)
        return ", ".join(self.item(name, e, print_) for name, e in items)

    def item(self, name: str, e: Expression, print_: P) -> str:
        """Returns the text of a column called ``name``, which ``print_`` computes."""
        if isinstance(e, exp.Column) and e.name == name:
            return self.name(name)
        return f"{print_.operand(e, ATOM)}.alias({quoted(name)})"

    def added(self, columns: Mapping[str, str]) -> str:
        """Returns the call that adds columns, by name and text."""
        one, several = self.adds
        if len(columns) == 1:
            ((name, text),) = columns.items()
            return f".{one}({quoted(name)}, {text})"
        return f".{several}({of_columns(columns)})"

    def defined(self, definition: str, name: str) -> str:
        """Returns the variable that holds a window; assigns the window to a new one if none does.

        ``name`` is the new variable's, or the beginning of it.
        """
        if definition not in self.windows:
            variable = self.windows[definition] = self.variables.fresh(name)
            self.statements.append(f"{variable} = {definition}")
        return self.windows[definition]

    def limit(self, node: Limit) -> str:
        for number in (node.offset, node.count):
            if number is not None and number > MOST_COUNTED:
                raise self.gaps.unsupported(WIDE_COUNT, str(number))
        text = self.below(node)
        text += f".offset({node.offset})" if node.offset else ""
        return text if node.count is None else f"{text}.limit({node.count})"


def ordered(key: SortKey) -> Expression:
    """Returns a plan's key of an order as a tree of SQL has it."""
    column = exp.column(key.column)
    return exp.Ordered(this=column, desc=key.descending, nulls_first=key.nulls_first)
