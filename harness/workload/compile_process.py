"""The child process that parses and compiles queries, at the requests of ``compiler.py``.

It is a process of its own because workload files may come from strangers: a kilobyte of SQL can
take forever to plan, in native code that cannot be interrupted. The parent kills this process at
a limit of time or memory; the kernel kills it when the parent ends.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

import harness.engines
from harness import plan
from harness.engines.session import Program
from harness.errors import Unsupported, WorkloadError
from harness.machine.messages import Start
from harness.machine.worker_server import Handlers, serve_deep
from harness.plan.tree.nodes import Node, Scan, walk
from harness.plan.tree.text import tree
from harness.tables import Table
from harness.workload.requests import (
    Compile,
    NoProgram,
    Planned,
    PlanQuery,
    QueryText,
    ShowSteps,
    TakeTables,
    WrongQuery,
)


class Compiling:
    """Answers requests about the queries of a workload at one size.

    Plans are kept here, where programs are made from them; replies contain text only.
    """

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}
        self._plans: dict[QueryText, plan.CompiledQuery] = {}

    def start(self, _: Start) -> None:
        """Does nothing; an engine is imported by the first request that names it."""

    def take_tables(self, request: TakeTables) -> None:
        self._tables = {table.name: table for table in request.tables}
        self._plans.clear()

    def plan_query(self, request: PlanQuery) -> Planned | WrongQuery:
        try:
            planned = self._planned(request.query)
            plain, typed = _text(planned.plan, False), _text(planned.plan, True)
        except WorkloadError as error:
            return WrongQuery(error.message)
        except RecursionError:
            return WrongQuery("the SQL is nested too deeply")
        nodes = walk(planned.plan) if planned.plan is not None else ()
        tables = tuple(sorted({node.table for node in nodes if isinstance(node, Scan)}))
        return Planned(planned.spec, plain, typed, str(planned.unsupported or ""), tables)

    def steps(self, request: ShowSteps) -> list[tuple[str, str]]:
        """Returns pairs: the name of a compilation step, and the query's text after it.

        If the query has no plan, the last pair is "stopped" and the reason.
        """
        schemas = {name: table.schema for name, table in self._tables.items()}
        told: list[tuple[str, str]] = []
        try:
            for name, state in plan.steps(request.query.sql, schemas, written=request.written):
                text = tree(state, True) if isinstance(state, Node) else state.sql(pretty=True)
                told.append((name, text))
        except (Unsupported, WorkloadError) as error:
            told.append(("stopped", str(error)))
        return told

    def program(self, request: Compile) -> Program | NoProgram:
        engine = harness.engines.get(request.engine)
        try:
            return engine.program(self._planned(request.query), self._tables, request.source)
        except Unsupported as error:
            return NoProgram(str(error))
        except RecursionError:
            return NoProgram(f"not compiled for {engine.label}: it is nested too deeply")

    def _planned(self, query: QueryText) -> plan.CompiledQuery:
        if query not in self._plans:
            schemas = {name: table.schema for name, table in self._tables.items()}
            self._plans[query] = plan.compile_query(schemas=schemas, **vars(query))
        return self._plans[query]


def _text(plan: Node | None, types: bool) -> str | None:
    return None if plan is None else tree(plan, types)


def main(arguments: Sequence[str]) -> None:
    compiling = Compiling()
    handlers: Handlers = {
        Start: compiling.start,
        TakeTables: compiling.take_tables,
        PlanQuery: compiling.plan_query,
        ShowSteps: compiling.steps,
        Compile: compiling.program,
    }
    serve_deep(handlers, arguments, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
