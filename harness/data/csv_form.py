"""Decides from a CSV file's bytes whether every reader takes them for the same rows and fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from harness.data.csv_text import BLOCK_BYTES
from harness.data.files import opened
from harness.tables import CsvFormat

QUOTE, FEED, RETURN = b'"\n\r'
PLAIN_NAME = re.compile(r"\w([\w .:/()%+-]*[\w)%])?")
"""Column names in which no reader strips, unpacks or reinterprets anything."""


def narrow(path: Path, names: Sequence[str], form: CsvFormat) -> bool:
    r"""True if all CSV readers find the same rows and fields in a file, which was read before.

    They do if all lines end in ``\n``, or all in ``\r\n``; no line is blank; a field is quoted as a
    whole or not at all, contains no line break, and is not quoted if it is empty; no reader changes
    a column's name; and NULL is the empty field. ``form`` holds the file's delimiter and NULLs.
    """
    if form != form.plain or not all(map(PLAIN_NAME.fullmatch, names)):
        return False
    header, returns = form.delimiter.join(names).encode(), set[bool]()
    for place, lines in enumerate(_whole_lines(path)):
        if place == 0 and _first(lines).replace(b'"', b"") != header:
            return False
        if not _is_unambiguous(lines, form.delimiter.encode()):
            return False
        returns |= {b"\r" in lines} if b"\n" in lines else set()
    return len(returns) < 2


def _first(lines: bytes) -> bytes:
    return lines.partition(b"\n")[0].removesuffix(b"\r")


def _whole_lines(path: Path) -> Iterator[bytes]:
    """Yields a file's bytes in blocks of whole lines."""
    rest = b""
    with opened(path) as stream:
        while block := stream.read(BLOCK_BYTES):
            block = rest + block
            end = block.rfind(b"\n") + 1
            if end:
                yield block[:end]
            rest = block[end:]
    if rest:
        yield rest


def _is_unambiguous(lines: bytes, delimiter: bytes) -> bool:
    blank = lines.startswith((b"\n", b"\r\n")) or b"\n\n" in lines or b"\n\r\n" in lines
    returns = lines.count(b"\r")
    mixed = returns and not returns == lines.count(b"\r\n") == lines.count(b"\n")
    if blank or mixed or b"\0" in lines:
        return False
    return b'"' not in lines or _quoted_as_a_whole(lines, delimiter)


def _quoted_as_a_whole(lines: bytes, delimiter: bytes) -> bool:
    """True if quotation marks surround whole fields, and are doubled only within these."""
    text = np.frombuffer(b"\n" + lines + b"\n", np.uint8)
    marks = np.flatnonzero(text == QUOTE)
    if len(marks) % 2:
        return False
    opening, closing = marks[::2], marks[1::2]
    before, after = text[opening - 1], text[closing + 1]
    edges = [QUOTE, FEED, delimiter[0]]
    whole = np.isin(before, edges).all() and np.isin(after, [*edges, RETURN]).all()
    empty = (closing - opening == 1) & (before != QUOTE) & (after != QUOTE)
    feeds = np.flatnonzero(text == FEED)
    within = np.searchsorted(marks, feeds) % 2
    return bool(whole and not empty.any() and not within.any())
