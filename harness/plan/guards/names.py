"""Columns whose names a library takes for something else: a plan with one is refused."""

from __future__ import annotations

import re

from harness.errors import Unsupported
from harness.plan.tree.nodes import Node, Scan, walk


def refuse_names(plan: Node, taken_otherwise: re.Pattern[str] | None, label: str) -> None:
    """Raises Unsupported where a column, in a table or on the way, has such a name."""
    if taken_otherwise is None:
        return
    for node in walk(plan):
        in_table = [name for name, _ in node.columns] if isinstance(node, Scan) else []
        for name in (*in_table, *node.names):
            refuse_name(name, taken_otherwise, label)


def refuse_name(name: str, taken_otherwise: re.Pattern[str], label: str) -> None:
    if taken_otherwise.fullmatch(name):
        raise Unsupported(f"{label} cannot: a column's name that it takes for a pattern", name)
