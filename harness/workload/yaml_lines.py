"""Reads YAML into plain data with the line of every key; refuses YAML's ambiguous features."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from harness.errors import WorkloadError

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_NODES = 50_000
"""The limit for nodes; a thousand queries with all their keys have 14,000."""
MAX_DIGITS = 100

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """A YAML file's data, with the line (from 1) of each key and list item."""

    file: Path
    data: object
    lines: Mapping[KeyPath, int]
    text_lines: Mapping[KeyPath, int]
    """The line on which a text value begins: for a block (``|``), the line after its key."""

    def line(self, path: KeyPath) -> int:
        """Returns the line of a key, given with the keys around it, or of the nearest of these."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader without anchors, aliases, tags or deep nesting.

    An alias is refused because a few lines of them expand to gigabytes (an "anchor bomb").
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = self.nodes = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if getattr(event, "anchor", None):
            raise WorkloadError("anchors (&) and aliases (*) are not allowed", line=line)
        if getattr(event, "tag", None):
            raise WorkloadError(
                f"the tag {event.tag!r} is not allowed; write plain YAML", line=line
            )
        _check_number(event, line)
        if any("\ud800" <= character <= "\udfff" for character in getattr(event, "value", "")):
            raise WorkloadError("half of a character (\\ud800 to \\udfff) is no text", line=line)
        if self.depth >= MAX_DEPTH:
            raise WorkloadError(f"nested more than {MAX_DEPTH} levels deep", line=line)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise WorkloadError(
                f"more than {MAX_NODES:,} keys and values, which no workload needs; is this a data "
                "file?",
                line=line,
            )
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _check_number(event: Any, line: int) -> None:
    """Raises WorkloadError if ``event``, of PyYAML's parser, is a number of very many characters.

    Such a number is slow to parse, as those in base 60, or Python cannot parse it.
    """
    value = getattr(event, "value", "")
    plain = isinstance(event, yaml.ScalarEvent) and event.style is None
    if plain and len(value) > MAX_DIGITS and _NUMBER.fullmatch(value):
        raise WorkloadError(
            f"a number of {len(value):,} characters; quote it if it is text", line=line
        )


_NUMBER = re.compile(r"[-+]?[0-9][0-9a-fA-FxXbBoO_:.]*")

# YAML 1.1 reads 1e7 as text; everyone who writes it means the number.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def read(file: Path) -> Document:
    """Reads a YAML file of at most 1 MB into data with lines.

    Raises WorkloadError, with the line if it is known, if the file is larger, is not valid YAML, or
    uses what `_Loader` refuses.
    """
    loader = None
    try:
        loader = _Loader(_text(file))
        node = loader.get_single_node()
        return _document(file, loader, node)
    except WorkloadError as error:
        raise error.at(file, None) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise WorkloadError(f"not valid YAML: {error.problem}", file, line) from error
    except (yaml.YAMLError, ValueError, ArithmeticError) as error:
        raise WorkloadError(f"not valid YAML: {str(error).splitlines()[0]}", file) from error
    finally:
        if loader is not None:
            loader.dispose()


def _text(file: Path) -> str:
    try:
        if file.exists() and not file.is_file():  # reading a pipe would block
            raise WorkloadError("is no file; a workload is a file in YAML")
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise WorkloadError("there is no such file") from error
    except OSError as error:
        raise WorkloadError(f"cannot be read: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise WorkloadError("larger than 1 MB, which no workload needs; is this a data file?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WorkloadError("not UTF-8 text; save it as UTF-8") from error


def _document(file: Path, loader: _Loader, node: Node | None) -> Document:
    lines: dict[KeyPath, int] = {}
    text_lines: dict[KeyPath, int] = {}

    def build(node: Node, path: KeyPath) -> object:
        lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, MappingNode):
            return mapping(node, path)
        if isinstance(node, SequenceNode):
            return [build(item, (*path, index)) for index, item in enumerate(node.value)]
        block = isinstance(node, ScalarNode) and node.style in ("|", ">")
        text_lines[path] = node.start_mark.line + (2 if block else 1)
        value: object = loader.construct_object(node)
        return value

    def mapping(node: MappingNode, path: KeyPath) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            key, line = _key(key_node), key_node.start_mark.line + 1
            if key in result:
                first = lines[(*path, key)]
                raise WorkloadError(
                    f"key {key!r} stands here twice; first on line {first}", line=line
                )
            lines[(*path, key)] = line
            result[key] = build(value_node, (*path, key))
        return result

    data = None if node is None else build(node, ())
    return Document(file, data, lines, text_lines)


def _key(node: Node) -> str:
    """A key as written: ``no`` and ``1`` are names here, not a boolean and a number."""
    if not isinstance(node, ScalarNode):
        raise WorkloadError("a key must be a single word", line=node.start_mark.line + 1)
    return str(node.value)
