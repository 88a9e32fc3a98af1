"""Names values that a statement would compute twice, for eager libraries.

Common subexpressions are found as in value numbering (Cocke, 1970): equal texts in a statement are
one value; a value with two readers is assigned to a variable in a statement before.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harness.engines.python.kernel import Variables

_FREE = frozenset(
    {"field", "isna", "isnull", "len", "list_value_length", "notna", "notnull", "range", "t"}
)
"""Calls that cost next to nothing, and that people repeat rather than name."""
_MODULES = frozenset({"cudf", "dask", "dd", "np", "pa", "pc", "pd"})
_NAMES = {
    "agg": "totals",
    "astype": "converted",
    "coalesce": "filled",
    "flatten": "places",
    "fmod": "remainder",
    "groupby": "groups",
    "take": "values",
}
"""Method -> the name of a variable with its result, if the method's name does not fit."""
_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def bound(statements: Sequence[str], variables: Variables, lazy: str = "") -> list[str]:
    """Returns the statements, with assignments before them of values that they would compute twice.

    A value whose text contains ``lazy`` gets no variable: the library computes it later.
    """
    variables.taken |= set(dir(builtins)) | {name for line in statements for name in _names(line)}
    return [line for text in statements for line in _bound(text, variables, lazy)]


def _names(line: str) -> set[str]:
    """Returns the variables and functions that a statement names."""
    nodes = (part for statement in _statement(line) for part in ast.walk(statement))
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def _bound(text: str, variables: Variables, lazy: str) -> list[str]:
    lines = [text]
    while (value := _shared(lines, lazy)) is not None:
        name = variables.fresh(_name(value.node))
        readers = [value.text in {part.text for part in _values(line)} for line in lines]
        lines = [_replaced(line, value.text, name) for line in lines]
        first = readers.index(True)
        lines.insert(first, f"{_indent(lines[first])}{name} = {value.text}")
    return lines


class _Value(NamedTuple):
    """A part of a statement that computes a value; parts with equal texts compute equal values."""

    node: ast.expr
    text: str


def _shared(lines: Sequence[str], lazy: str) -> _Value | None:
    """Returns the longest part that is found twice or more in these lines, or None.

    Parts whose text contains ``lazy``, if that is not empty, are passed over.
    """
    values = [value for line in lines for value in _values(line)]
    readers = Counter(value.text for value in values if not lazy or lazy not in value.text)
    shared = (value for value in values if readers[value.text] > 1 and _is_work(value.node))
    return max(shared, key=lambda value: len(value.text), default=None)


def _values(line: str) -> Iterator[_Value]:
    """Yields the parts of a statement that are computed whenever the statement runs.

    Parts within a lambda or a comprehension are none, nor the branches of ``a if b else c``.
    """
    text = line.lstrip().encode()  # ast counts bytes
    waiting: list[ast.AST] = [*_statement(line)]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.expr):
            yield _Value(part, text[part.col_offset : part.end_col_offset].decode())
        if isinstance(part, ast.IfExp):
            waiting.append(part.test)
        elif not isinstance(part, _SCOPES):
            waiting += ast.iter_child_nodes(part)


def _statement(line: str) -> list[ast.stmt]:
    """Returns the syntax tree of a line, in a list, which is empty if no values can be shared.

    That is so where the line begins a function, or has several lines.
    """
    try:
        body = ast.parse(line.lstrip()).body
    except SyntaxError:
        return []
    if "\n" in line:
        return []
    return [part for part in body if isinstance(part, (ast.Assign, ast.Expr, ast.Return))]


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _is_work(value: ast.expr) -> bool:
    """True if a value is worth a name: it is computed, from a variable.

    ``x + 1`` is worth one, ``1 + 1``, ``x["a"]`` and ``x.isna()`` are not.
    """
    if isinstance(value, ast.Call) and _called(value) in _FREE:
        return False
    computed = isinstance(value, (ast.BinOp, ast.Call, ast.Compare, ast.UnaryOp))
    names = {part.id for part in ast.walk(value) if isinstance(part, ast.Name)}
    return computed and bool(names - _MODULES)


def _called(value: ast.Call) -> str:
    return value.func.attr if isinstance(value.func, ast.Attribute) else ast.unparse(value.func)


def _name(value: ast.expr) -> str:
    """Returns the name for a value's variable: of its last method, or a column it is computed from.

    A comparison is ``condition``; a value with neither is ``value``.
    """
    if isinstance(value, ast.Call):
        return _NAMES.get(_called(value), _called(value).lower())
    if isinstance(value, ast.Compare):
        return "condition"
    read = Counter(
        part.slice.value
        for part in ast.walk(value)
        if isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Constant)
    )
    columns = [name for name, _ in read.most_common() if isinstance(name, str)]
    return columns[0] if columns else "value"


def _replaced(line: str, value: str, name: str) -> str:
    """Returns a line with a value, and parentheses that only it needed, replaced by a name."""
    text = line.lstrip().encode()
    places = [part.node for part in _values(line) if part.text == value]
    for place in sorted(places, key=lambda place: place.col_offset, reverse=True):
        before, after = text[: place.col_offset], text[place.end_col_offset :]
        if after.startswith(b")") and re.search(rb"(^|[^\w)\]])\($", before):
            before, after = before[:-1], after[1:]
        text = before + name.encode() + after
    return _indent(line) + text.decode()
