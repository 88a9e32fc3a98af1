"""A user's own programs: their names, faults of their files, and hints for their errors."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from harness.engines.session import Program
from harness.words import suggestion

QUOTED = re.compile(r"""['"]([^'"]{1,200})['"]""")


def named(functions: Sequence[str]) -> dict[str, str]:
    """Returns one engine's hand-written programs by name: the name of the program's file.

    The function's name is added if several programs are in one file, and the file's folders if
    several files and functions have one name. ``[mine.py:fast]`` -> ``{mine: mine.py:fast}``.
    """
    functions = tuple(dict.fromkeys(functions))
    ways = tuple(zip(*map(_spellings, functions), strict=True))
    found: dict[str, str] = {}
    for place, function in enumerate(functions):
        names = (way[place] for way in ways if way.count(way[place]) == 1)
        free = (name for name in names if name not in found)
        found[next(free, f"{ways[-1][place]}-{place + 1}")] = function
    return found


def _spellings(function: str) -> tuple[str, str, str]:
    """Returns the names that a program may have, the shortest first."""
    file, _, entry = function.rpartition(":")
    stem, path = _word(Path(file).stem), _word(file.removesuffix(".py"))
    return stem, f"{stem}.{entry}", f"{path}.{entry}"


def _word(stem: str) -> str:
    """Turns a file's name into a valid name of an engine: other characters become ``_``."""
    word = re.sub(r"[^\w.-]", "_", stem, flags=re.ASCII)
    return word if word[:1].isalnum() else f"own{word}"


def without_function(file: str, text: str, entry: str) -> str:
    """Returns, in words, why a file's text has no function ``entry``; "" if it has the function."""
    try:
        module = ast.parse(text)
    except SyntaxError as error:
        return f"{file}:{error.lineno}: {error.msg}"
    except (RecursionError, MemoryError):
        return f"{file}: it is nested too deeply"
    names = list(_defined(module.body))
    if entry in names or any(_imports_all(node) for node in module.body):
        return ""
    return f"{file} has no function {entry!r}; {suggestion(entry, names, 'functions')}"


def _defined(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Yields the names that the statements of a module define."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.If, ast.Try)):
            yield from _defined([*node.body, *node.orelse])
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _imports_all(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.names[0].name == "*"


def program_of(folder: Path, function: str) -> Program:
    """The program for ``file.py:function``: the file's text, with the function named ``query``."""
    file, _, name = function.rpartition(":")
    text = (folder / file).read_text(encoding="utf-8").rstrip()
    entry = "" if name == "query" else f"\n\n\nquery = {name}"
    return Program(f"{text}{entry}\n", "python", file)


def column_meant(error: str, columns: Sequence[str]) -> str:
    """Returns ``did you mean 'x'?`` for an error that quotes a name like a column's, or ""."""
    for name in QUOTED.findall(error):
        close = get_close_matches(name.lower(), {column.lower() for column in columns}, n=1)
        if name not in columns and close:
            return suggestion(name, columns)
    return ""
