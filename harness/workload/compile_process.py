"""Requests of the compiler -> plans and programs: the process in which a stranger's SQL is read.

A kilobyte of SQL can have a plan without end, and native code that reads it cannot be interrupted:
whoever asks kills this process, by the clock or for its memory, and the kernel once nobody asks.
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
    """The tables of a workload at one size, and the plans of those queries that were asked for.

    Plans stay here, for the programs that are made of them; what is sent is text.
    """

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}
        self._plans: dict[object, plan.Query] = {}

    def start(self) -> Message:
        """Imports the engines before anybody waits for it."""
        for name in harness.engines.names():
            with contextlib.suppress(UnknownEngine):
                harness.engines.get(name)
        return {}

    def tables(self, tables: list[Message]) -> Message:
        """Takes the tables that queries are about from now on; their rows do not matter."""
        self._tables = {table["name"]: table_from_message(table) for table in tables}
        self._plans.clear()
        return {}

    def query(self, query: Message) -> Message:
        """Gives what a query's answer must look like, and its plan as text, or what is wrong."""
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
        """Gives a query after each step of its compilation, as texts, or why there is no plan."""
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
        """Gives an engine's program, or why there is none."""
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
