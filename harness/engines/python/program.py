"""What engines with a Python API share as engines: compiling a plan, and running its program."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from harness.engines.base import Engine, Program, Session
from harness.engines.gaps import Gaps
from harness.engines.python.kernel import Variables, method_name
from harness.engines.python.layout import DATETIME_NAMES, module
from harness.plan import Query
from harness.plan.tree.nodes import Node
from harness.tables import Input, Table


class ProgramEmitter(ABC):
    """Turns a plan into the text of one program: a method per kind of node, named after it.

    Statements that nodes need come into ``statements``, in the order in which they run.
    """

    imports: ClassVar[Mapping[str, str]]
    """A name that statements may use -> the line that imports it."""
    needed: str = ""
    """The name that is imported by every program, whether it is used or not."""
    reserved: ClassVar[tuple[str, ...]] = ()
    """Further names that no variable of a program may have."""

    def __init__(self, gaps: Gaps, tables: Mapping[str, Table], source: Input) -> None:
        self.gaps, self.tables, self.source = gaps, tables, source
        self.variables = Variables(("t", *self.imports, *DATETIME_NAMES, *self.reserved))
        self.statements: list[str] = []

    @abstractmethod
    def program(self, plan: Node, write: str | None) -> Program:
        """The program that returns the plan's answer, or writes it to a file."""

    def emitted(self, node: Node) -> Any:
        """What the method for a node's kind returns. Raises Unsupported where there is none."""
        method: Callable[[Node], Any] | None = getattr(self, method_name(type(node)), None)
        self.gaps.refuse(type(node))
        if method is None:
            raise self.gaps.missing(type(node))
        return method(node)

    def module(self, body: Sequence[str], functions: Sequence[str] = ()) -> Program:
        """The program of these statements, with the imports that they and the functions need."""
        text = "\n".join([*functions, *body])
        used = {name for name in self.imports if re.search(rf"(?<![\w.]){name}\.", text)}
        wanted = [line for name, line in self.imports.items() if name in used | {self.needed}]
        return module([*wanted, *self.more_imports(text)], body, functions)

    def more_imports(self, text: str) -> list[str]:
        """Lines that import what a program's text names in other ways than ``name.``."""
        return []


class PythonEngine(Engine):
    """An engine whose programs are Python: compiled by its ``emitter``."""

    language = "python"
    emitter: ClassVar[type[ProgramEmitter]]

    def compile(self, query: Query, tables: Mapping[str, Table], source: Input) -> Program:
        return self.emitter(self.lacks(), tables, source).program(self.lowered(query), query.write)


class PythonSession(Session):
    """Runs programs that define ``query(t)``; a child says how its tables are loaded."""

    #: What is fixed by the language, for every engine that has a Python API.
    filename: ClassVar[str] = "<program>"

    def __init__(self) -> None:
        self.tables: dict[str, Any] = {}
        self.query: Callable[[Callable[[str], Any]], Any] | None = None

    def scan(self, table: Table, source: Input) -> None:
        paths = [str(path) for path in table.files(source)]
        self.tables[table.name] = paths[0] if len(paths) == 1 else paths

    def prepare(self, program: Program) -> None:
        namespace: dict[str, Any] = {}
        exec(compile(program.text, self.filename, "exec"), namespace)
        self.query = namespace["query"]

    def run(self) -> Any:
        assert self.query is not None, "prepare a program first"
        return self.query(self.tables.__getitem__)
