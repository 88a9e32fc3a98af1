"""A function of a script or notebook -> the text of a module that defines it, with what it uses."""

from __future__ import annotations

import ast
import dis
import inspect
import math
import textwrap
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from types import CodeType, FunctionType, ModuleType
from typing import Any

from harness.errors import HarnessError

PLAIN = (bool, int, float, str, bytes, type(None))
DEEPEST = 50
"""The most levels of a value that is written as text; Python's parser takes 200 brackets."""


def source_of(function: Callable[..., Any]) -> str:
    """Returns the text of a module with a function, and the imports and values that it uses.

    Raises HarnessError for what cannot be written as text: a lambda, or a value of a type that has
    no literal.
    """
    if not isinstance(function, FunctionType) or function.__name__ == "<lambda>":
        raise HarnessError(f"{function!r} is no function with a name; write it with def")
    parts: dict[str, str] = {}
    _collect(function, function.__name__, parts)
    imports = [text for text in parts.values() if text.startswith(("import ", "from "))]
    others = [text for text in parts.values() if text not in imports]
    return "\n\n\n".join(part for part in ["\n".join(imports), *others] if part) + "\n"


def _collect(function: FunctionType, name: str, parts: dict[str, str]) -> None:
    """Adds to ``parts``, by name, the text of all that a function uses, and then its own.

    ``name`` is the name by which the function is used; it need not be the one it was defined by.
    """
    parts[name] = ""  # a function may call itself
    for used, value in _used(function):
        if used in parts:
            continue
        if isinstance(value, FunctionType) and value.__module__ == function.__module__:
            _collect(value, used, parts)
        else:
            parts[used] = _statement(used, value, function.__name__)
    text = parts.pop(name) + _source(function)  # behind what it uses
    parts[name] = text if name == function.__name__ else f"{text}\n\n{name} = {function.__name__}"


def _source(function: FunctionType) -> str:
    try:
        return textwrap.dedent(inspect.getsource(function)).rstrip()
    except (OSError, TypeError) as error:
        raise HarnessError(
            f"there is no source of {function.__name__!r}: define it in a file or a notebook's cell"
        ) from error


def _used(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yields the names that a function uses and does not define itself, with their values."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    try:
        yield from [(name, cell.cell_contents) for name, cell in cells.items()]
    except ValueError as error:
        told = f"{function.__name__!r} uses a name that has no value yet"
        raise HarnessError(told) from error
    for name in dict.fromkeys([*_names_before(function), *_names(function.__code__)]):
        if name in function.__globals__:
            yield name, function.__globals__[name]


def _names_before(function: FunctionType) -> Iterator[str]:
    """Yields the names in a function's decorators and its arguments' default values."""
    try:
        defined = ast.parse(_source(function)).body[0]
    except SyntaxError:
        return  # which is told, with its line, when the program is read
    if isinstance(defined, ast.FunctionDef):
        defaults = (*defined.args.defaults, *defined.args.kw_defaults)
        for part in filter(None, (*defined.decorator_list, *defaults)):
            yield from (node.id for node in ast.walk(part) if isinstance(node, ast.Name))


def _names(code: CodeType) -> Iterator[str]:
    """Yields the global names that a function's code uses, and those of functions within it."""
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield step.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _statement(name: str, value: Any, user: str) -> str:
    """Returns a statement that defines ``name`` as ``value``: an import or an assignment.

    ``user`` is the function that uses it, for error messages.
    """
    if isinstance(value, ModuleType):
        return f"import {value.__name__} as {name}"
    if type(value) is float and not math.isfinite(value):
        return f"{name} = float({str(value)!r})"
    if _is_plain(value):
        return f"{name} = {value!r}"
    module, inner = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if isinstance(module, str) and inner and "." not in inner and module != "__main__":
        return f"from {module} import {inner} as {name}"
    if isinstance(value, (date, datetime, timedelta)):
        return f"import datetime\n{name} = {value!r}"
    raise HarnessError(
        f"{user!r} uses {name!r}, a {type(value).__name__}, which another process cannot be given: "
        "make it a table, or define it inside"
    )


def _is_plain(value: Any, depth: int = 0) -> bool:
    """True if ``repr`` of a value is a literal; not of infinity, nor of a list within itself.

    ``depth`` is how many containers are around the value; more than DEEPEST are refused.
    """
    if depth > DEEPEST:
        return False
    if type(value) in (list, tuple, set):
        return all(_is_plain(part, depth + 1) for part in value)
    if type(value) is dict:
        return all(_is_plain(part, depth + 1) for pair in value.items() for part in pair)
    return type(value) in PLAIN and (type(value) is not float or math.isfinite(value))
