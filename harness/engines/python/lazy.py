"""The base of emitters for lazy libraries: a plan becomes one query, as chains of calls."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from sqlglot import exp

from harness.answer import Training
from harness.engines.gaps import BATCHES, Gaps
from harness.engines.python.kernel import mapping, names
from harness.engines.python.program import ProgramEmitter
from harness.engines.session import Program
from harness.plan.optimize.naming import frame_name
from harness.plan.tree.nodes import AsOfJoin, Item, Join, Node, Scan, uses
from harness.tables import Input, Table


class Side(NamedTuple):
    """One input of a join: the text of its frame, and the columns that the frame really has."""

    text: str
    columns: tuple[str, ...]


class LazyProgram(ProgramEmitter):
    """Emits a plan as the source of one lazy query.

    A method named after a node's class returns the text of the node's frame. ``self.physical``
    holds the columns that a node's frame really has: a scan has all of its table's, needed or
    not.
    """

    rename: ClassVar[str]
    """The method that takes a dictionary of old and new names."""

    def __init__(self, gaps: Gaps, tables: Mapping[str, Table], source: Input) -> None:
        super().__init__(gaps, tables, source)
        self.frames: dict[Node, str] = {}
        self.physical: dict[Node, tuple[str, ...]] = {}

    def program(self, plan: Node, end: str | Training | None) -> Program:
        self.uses = uses(plan)
        frame = self.exact(plan)
        if isinstance(end, Training):
            return self.module([*self.statements, *self.batches(plan, frame, end)])
        return self.module([*self.statements, f"return {frame}{self.end(end)}"])

    @abstractmethod
    def end(self, write: str | None) -> str:
        """Returns the text of the call that collects the answer, or writes it to a file."""

    def batches(self, plan: Node, frame: str, train: Training) -> list[str]:
        """Returns the loop that yields a frame's rows in batches, if the library has one."""
        raise self.gaps.unsupported(BATCHES.when)

    def frame(self, node: Node) -> str:
        """Returns the text of the node's frame: calls, or a variable if the frame is read twice."""
        if node not in self.frames:
            text: str = self.emitted(node)
            self.physical.setdefault(node, node.names)
            if self.uses[node] > 1:
                text = self.assigned(node, self.shared(node, text))
            self.frames[node] = text
        return self.frames[node]

    def shared(self, node: Node, text: str) -> str:
        """Returns the text of a frame that is read twice."""
        return text

    def assigned(self, node: Node, text: str) -> str:
        """Assigns a frame to a new variable, unless its text is a variable; returns the name."""
        if "." not in text:
            return text
        name = self.variables.fresh(frame_name(node))
        self.statements.append(f"{name} = {text}")
        return name

    def below(self, node: Node) -> str:
        """Returns the text of the frame of a node's first input, whose columns are the node's."""
        text = self.frame(node.inputs[0])
        self.physical[node] = self.physical[node.inputs[0]]
        return text

    def exact(self, node: Node) -> str:
        """Returns the text of the node's frame, with the node's columns only, in their order."""
        text = self.frame(node)
        return text if self.physical[node] == node.names else self._selected(node, text)

    def narrowed(self, node: Node) -> str:
        """Returns the text of the node's frame, with the node's columns only, in any order."""
        text = self.frame(node)
        return text if set(self.physical[node]) == set(node.names) else self._selected(node, text)

    def _selected(self, node: Node, text: str) -> str:
        return f"{text}.select({self.names(node.names)})"

    def names(self, columns: Sequence[str]) -> str:
        """Returns the text of columns as arguments of ``select``."""
        return names(columns)

    @abstractmethod
    def items(self, items: Sequence[Item], source: Node, of: Node | None = None) -> str:
        """Returns the arguments of ``select`` that compute columns of those of ``source``.

        The resulting order of columns is stored for the node ``of``, if given.
        """

    @abstractmethod
    def reader(self, table: Table) -> str:
        """Returns the text of a table's frame, with all of its columns."""

    def scan(self, node: Scan) -> str:
        table = self.tables[node.table]
        text = self.reader(table)
        self.physical[node] = tuple(c.name for c in table.schema)
        if not node.renames:
            return text
        if self.physical[node] == tuple(source for source, _ in node.columns):
            self.physical[node] = node.names
            return f"{text}.{self.rename}({mapping(node.renames)})"
        items = tuple((c.name, exp.column(source)) for source, c in node.columns)
        return f"{text}.select({self.items(items, node, of=node)})"

    def side(self, node: Node) -> Side:
        return Side(self.frame(node), self.physical[node])

    def sides(self, node: Join | AsOfJoin) -> tuple[Side, Side]:
        """Returns the inputs of a join, without unneeded columns where names clash.

        They clash if one name is in both frames and is no shared key.
        """
        left, right = self.side(node.left), self.side(node.right)
        clashes = (set(left.columns) & set(right.columns)) - node.shared_keys
        if clashes & set(node.right.names):
            left = Side(self.narrowed(node.left), node.left.names)
        if clashes - set(node.right.names):
            right = Side(self.narrowed(node.right), node.right.names)
        return left, right
