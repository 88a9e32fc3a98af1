"""The base of engines with a Python API: a plan is emitted as a program."""

from __future__ import annotations

import ast
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from harness.answer import Training
from harness.engines.base import Engine
from harness.engines.gaps import Gaps
from harness.engines.python.kernel import Variables, method_name
from harness.engines.python.layout import DATETIME_NAMES, module
from harness.engines.session import Program
from harness.plan import CompiledQuery
from harness.plan.tree.nodes import Node
from harness.tables import Input, Table


class ProgramEmitter(ABC):
    """Emits a plan as the text of a program: one method per node class, named after it.

    ``statements`` holds the statements so far, in the order in which they run.
    """

    imports: ClassVar[Mapping[str, str]]
    """A name that statements may use -> the line that imports it."""
    needed: str = ""
    """The name that every program imports, used or not."""
    reserved: ClassVar[tuple[str, ...]] = ()
    """Further names that no variable of a program may have."""

    def __init__(self, gaps: Gaps, tables: Mapping[str, Table], source: Input) -> None:
        self.gaps, self.tables, self.source = gaps, tables, source
        self.variables = Variables(("t", *self.imports, *DATETIME_NAMES, *self.reserved))
        self.statements: list[str] = []

    @abstractmethod
    def program(self, plan: Node, end: str | Training | None) -> Program:
        """Returns the program that returns the plan's answer, or writes it to a file.

        If ``end`` is what the rows train, the program yields features and target in batches.
        """

    def emitted(self, node: Node) -> Any:
        """Calls the method for a node's class; raises Unsupported if there is none."""
        method: Callable[[Node], Any] | None = getattr(self, method_name(type(node)), None)
        self.gaps.refuse(type(node))
        if method is None:
            raise self.gaps.missing(type(node))
        return method(node)

    def module(self, body: Sequence[str], functions: Sequence[str] = ()) -> Program:
        """Returns the program of these statements and functions, with its imports."""
        text = "\n".join([*functions, *body])
        used = {name for name in self.imports if re.search(rf"(?<![\w.]){name}\.", text)}
        wanted = [line for name, line in self.imports.items() if name in used | {self.needed}]
        return module([*wanted, *self.more_imports(text)], body, functions)

    def more_imports(self, text: str) -> list[str]:
        """Returns import lines for names that the program's text uses bare: ``Declaration(…)``.

        Names used as ``pc.`` or ``pd.`` are imported already. Derived emitters override this.
        """
        return []


MOST_NESTED = 200
"""The deepest brackets within brackets that Python's parser reads."""


class PythonEngine(Engine):
    """An engine whose programs are Python, emitted by its ``emitter``."""

    language = "python"
    emitter: ClassVar[type[ProgramEmitter]]

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        """Returns the program; raises RecursionError if it is too deep for Python's parser."""
        emitter = self.emitter(self.lacks(), tables, source)
        try:
            program = emitter.program(self.lowered(query), query.end)
            if sum(map(program.text.count, "([{")) > MOST_NESTED:
                ast.parse(program.text)
        except SyntaxError as error:
            if "too many nested" in str(error):
                raise RecursionError(str(error)) from error
            raise
        return program
