"""Joins statements that pass a frame on, one step each, into a chain of calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harness.engines.python.layout import LINE_LENGTH

_ONE_LINE = LINE_LENGTH - len("    ")
_ONE_LINK = _ONE_LINE - len("    ")


class _Statement(NamedTuple):
    """A statement's text, the variable that it assigns, and the variables that it reads."""

    text: str
    target: str | None
    value: ast.expr | None
    reads: tuple[str, ...]


def chained(statements: Sequence[str]) -> list[str]:
    """Joins ``x = t("x")``, ``x = x.groupby("k").sum()``, ``return x`` into one ``return``.

    A variable stays if it is read more than once, or not by the next statement.
    """
    later: list[_Statement] = []  # in reverse: the next statement is the last
    for text in reversed(statements):
        statement = _parsed(text)
        joined = _joined(statement, later[-1], later[:-1]) if later else None
        if joined is None:
            later.append(statement)
        else:
            later[-1] = _parsed(joined)
    return [statement.text for statement in reversed(later)]


def _parsed(text: str) -> _Statement:
    try:
        (node,) = ast.parse(text).body
    except SyntaxError:  # a line of a function: it may read any word in it
        return _Statement(text, None, None, tuple(re.findall(r"\w+", text)))
    names = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
    reads = tuple(n.id for n in names if isinstance(n.ctx, ast.Load))
    match node:
        case ast.Assign(targets=[ast.Name(id=target)], value=value):
            return _Statement(text, target, value, reads)
    return _Statement(text, None, None, reads)


def _joined(first: _Statement, then: _Statement, later: Sequence[_Statement]) -> str | None:
    """Returns two statements as one; None if the variable is still needed, or a line too long."""
    name = first.target
    if name is None or not isinstance(first.value, (ast.Call, ast.Subscript)):
        return None
    if then.reads.count(name) != 1 or (then.target != name and _is_needed(name, later)):
        return None
    start = re.match(rf"(return |\w+ = |){name}(?=$|[.\[])", then.text)
    if start is None:
        return None
    rest = then.text[start.end() :]
    text = f"{start[1]}{first.text.split(' = ', 1)[1]}{rest}"
    return text if not rest or _reads_well(text) else None


def _is_needed(name: str, later: Sequence[_Statement]) -> bool:
    """True if a later statement reads a variable before one assigns it anew.

    ``later`` is in reverse order: it ends with the statement that runs first.
    """
    for statement in reversed(later):
        if name in statement.reads:
            return True
        if statement.target == name:
            return False
    return False


def _reads_well(text: str) -> bool:
    """True if a statement fits on a line, or can be laid out with one call per line."""
    (node,) = ast.parse(text).body
    value = getattr(node, "value", None)
    if len(text) <= _ONE_LINE or not isinstance(value, ast.expr) or isinstance(node, ast.Expr):
        return len(text) <= _ONE_LINE
    links = list(_links(value))
    return len(links) > 2 and all(len(text) <= _ONE_LINK or not cuts for text, cuts in links)


def _links(value: ast.expr) -> Iterator[tuple[str, bool]]:
    """Yields the lines of a chain of calls, the last first: ``.b()``, ``x.a()`` of ``x.a().b()``.

    Each comes with True if it, or a line after it, has a subscript.
    """
    end, cuts = value, False
    while isinstance(value, (ast.Call, ast.Subscript, ast.Attribute)):
        below = value.func if isinstance(value, ast.Call) else value.value
        cuts = cuts or isinstance(value, ast.Subscript)
        if isinstance(value, ast.Attribute) and isinstance(below, (ast.Call, ast.Subscript)):
            yield ast.unparse(end)[len(ast.unparse(below)) :], cuts
            end, cuts = below, False
        value = below
    yield ast.unparse(end), cuts
