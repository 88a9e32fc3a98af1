"""Refuses plans with a column name that a library takes for a pattern or a path."""

from __future__ import annotations

import re

from harness.errors import Unsupported
from harness.plan.tree.nodes import Node, Scan, walk


def refuse_names(plan: Node, taken_otherwise: re.Pattern[str] | None, label: str) -> None:
    """Raises Unsupported if a library misreads a column name of the plan or of its tables.

    ``taken_otherwise`` matches the names that the library takes for a pattern or a path, as PyArrow
    does ``.a``; None: it has none. ``label`` is the library's name in the message.
    """
    if taken_otherwise is None:
        return
    for node in walk(plan):
        in_table = [name for name, _ in node.columns] if isinstance(node, Scan) else []
        for name in (*in_table, *node.names):
            refuse_name(name, taken_otherwise, label)


def refuse_name(name: str, taken_otherwise: re.Pattern[str], label: str) -> None:
    """Raises Unsupported if ``taken_otherwise`` matches the whole column name.

    ``label`` is the library's name in the message.
    """
    if taken_otherwise.fullmatch(name):
        raise Unsupported(f"{label} cannot: a column's name that it takes for a pattern", name)
