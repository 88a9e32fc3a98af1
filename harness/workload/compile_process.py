"""The child process that parses and compiles queries, at the requests of ``compiler.py``.

It is a process of its own because workload files may come from strangers: a kilobyte of SQL can
take forever to plan, in native code that cannot be interrupted. The parent kills this process at
a limit of time or memory; the kernel kills it when the parent ends.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict

import harness.engines
from harness import plan
from harness.errors import UnknownEngine, Unsupported, WorkloadError
from harness.machine.messages import Message, spec_to_message, table_from_message
from harness.machine.serve import serve_deep
from harness.plan.tree.nodes import Node
from harness.plan.tree.text import tree
from harness.tables import Input, Table


class Compiling:
    """Answers requests about the queries of a workload at one size.

    Plans are kept here, where programs are made from them; replies contain text only.
    """

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}
        self._plans: dict[object, plan.Query] = {}

    def start(self) -> Message:
        """Imports the engines, so that no later request has to wait for that."""
        for name in harness.engines.names():
            with contextlib.suppress(UnknownEngine):
                harness.engines.get(name)
        return {}

    def tables(self, tables: list[Message]) -> Message:
        """Sets the tables that later queries read: their schemas, without rows."""
        self._tables = {table["name"]: table_from_message(table) for table in tables}
        self._plans.clear()
        return {}

    def query(self, query: Message) -> Message:
        """Replies with the answer's description and the plan as text, or with what is wrong."""
        try:
            planned = self._planned(query)
            plain, typed = _text(planned.plan, False), _text(planned.plan, True)
        except WorkloadError as error:
            return {"wrong": error.message}
        except RecursionError:
            return {"wrong": "the SQL is nested too deeply"}
        return {
            "spec": spec_to_message(planned.spec),
            "plan": plain,
            "typed_plan": typed,
            "unsupported": str(planned.unsupported or ""),
        }

    def steps(self, query: Message) -> Message:
        """Replies with the query after each step of its compilation, or why there is no plan."""
        schemas = {name: table.schema for name, table in self._tables.items()}
        told: list[tuple[str, str]] = []
        try:
            for name, state in plan.steps(query["sql"], schemas):
                text = tree(state, True) if isinstance(state, Node) else state.sql(pretty=True)
                told.append((name, text))
        except (Unsupported, WorkloadError) as error:
            told.append(("stopped", str(error)))
        return {"steps": told}

    def program(self, query: Message, engine: str, source: str) -> Message:
        """Replies with an engine's program, or with the reason why there is none."""
        asked = harness.engines.get(engine)
        try:
            return asdict(asked.compile(self._planned(query), self._tables, Input(source)))
        except Unsupported as error:
            return {"unsupported": str(error)}
        except RecursionError:
            return {"unsupported": f"not compiled for {asked.label}: it is nested too deeply"}

    def _planned(self, query: Message) -> plan.Query:
        key = tuple(query.items())
        if key not in self._plans:
            schemas = {name: table.schema for name, table in self._tables.items()}
            self._plans[key] = plan.compile_query(schemas=schemas, **query)
        return self._plans[key]


def _text(plan: Node | None, types: bool) -> str | None:
    return None if plan is None else tree(plan, types)


def main(arguments: Sequence[str]) -> None:
    compiling = Compiling()
    names = ("start", "tables", "query", "steps", "program")
    handlers = {name: getattr(compiling, name) for name in names}
    serve_deep(handlers, arguments, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
