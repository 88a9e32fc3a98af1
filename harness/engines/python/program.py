"""The base of engines with a Python API: compiles a plan, and runs its program."""

from __future__ import annotations

import contextlib
import re
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from harness.answer import AnswerSpec, Training
from harness.engines.base import OUTPUT_FILE, Engine, Program, Session
from harness.engines.gaps import Gaps
from harness.engines.python.kernel import Variables, method_name
from harness.engines.python.layout import DATETIME_NAMES, module
from harness.plan import CompiledQuery
from harness.plan.tree.nodes import Node
from harness.tables import Input, Table

if TYPE_CHECKING:
    from harness.engines.training import Batch


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


class PythonEngine(Engine):
    """An engine whose programs are Python, emitted by its ``emitter``."""

    language = "python"
    emitter: ClassVar[type[ProgramEmitter]]

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        return self.emitter(self.lacks(), tables, source).program(self.lowered(query), query.end)


class PythonSession(Session):
    """Runs programs that define ``query(t)``; a subclass loads the tables."""

    answer: ClassVar[str] = "DataFrame"
    """The name of the class that answers have."""
    returns: ClassVar[str] = "end it with .reset_index(), and return that"
    """What a hand-written program lacks that returns another class."""
    #: The file name in tracebacks of a program.
    filename: ClassVar[str] = "<program>"

    gaps: Gaps | None = None
    """Gaps whose messages the library's errors may have, of an engine that declares such."""

    def __init__(self) -> None:
        self.tables: dict[str, Any] = {}
        self.query: Callable[[Callable[[str], Any]], Any] | None = None
        self.file = self.filename

    def scan(self, table: Table, source: Input) -> None:
        paths = [str(path) for path in table.files(source)]
        self.tables[table.name] = paths[0] if len(paths) == 1 else paths

    def prepare(self, program: Program) -> None:
        namespace: dict[str, Any] = {"__name__": "program"}  # else Dask looks in all modules
        self.file = program.file or self.filename
        with self._placing_errors():
            exec(compile(program.text, self.file, "exec"), namespace)
        self.query = namespace["query"]

    def run(self) -> Any:
        assert self.query is not None, "prepare a program first"
        with self._placing_errors():
            result = self.query(self.tables.__getitem__)
            if self.file != self.filename:
                self._check(result)
            return result

    def batches(self, spec: AnswerSpec) -> Iterator[Batch]:
        assert self.query is not None, "prepare a program first"
        with self._placing_errors():
            yield from self.query(self.tables.__getitem__)

    def _check(self, result: Any) -> None:
        """Raises TypeError if a program returns anything but an answer, unless it wrote a file."""
        kind = type(result).__name__
        if kind != self.answer and not (result is None and Path(OUTPUT_FILE).exists()):
            raise TypeError(
                f"{self.file}: the function returns a {kind} instead of a {self.answer}: "
                f"{self.returns}"
            )

    @contextlib.contextmanager
    def _placing_errors(self) -> Iterator[None]:
        """Adds a note to errors raised within: the hand-written program's line that raised them.

        Errors of compiled programs whose message fits a gap become Refused.
        """
        try:
            yield
        except Exception as error:
            if self.gaps is not None and self.file == self.filename:
                raise self.gaps.said(str(error)) or error from None
            frames = traceback.extract_tb(error.__traceback__)
            own = [frame for frame in frames if frame.filename == self.file]
            if own and self.file != self.filename:
                error.add_note(f"{self.file}:{own[-1].lineno}, in {own[-1].name}")
            raise
