"""Lays out the parts of a Python program as ruff and Black would."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ruff_api import FormatOptions, format_string

from harness.engines.session import Program

LINE_LENGTH = 100
DATETIME_NAMES = ("date", "datetime", "timedelta")
_OPTIONS = FormatOptions(target_version="py311", line_width=LINE_LENGTH)
PART_ROWS = 250_000
"""Rows of the parts in which programs read a file that may not fit into memory."""
_IN_PARTS = '''def batches(path, columns):
    """Yields the rows of a Parquet file, or of several, in parts: at least one."""
    for name in [path] if isinstance(path, str) else path:
        file = pq.ParquetFile(name, pre_buffer=False)
        if not file.metadata.num_rows:
            yield file.schema_arrow.empty_table().select(columns)
        yield from file.iter_batches({rows}, columns=columns)
'''


def in_parts(rows: int) -> str:
    """Returns the function ``batches``, which yields a table's rows, so many at a time."""
    return _IN_PARTS.replace("{rows}", f"{rows:_}")


def indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def module(imports: Sequence[str], body: Sequence[str], functions: Sequence[str] = ()) -> Program:
    """Returns a program: imports, functions as they are, then ``query(t)``."""
    statements = "\n".join(f"    {line}" for line in body)
    text = "\n".join([*functions, statements])
    used = [n for n in DATETIME_NAMES if re.search(rf"(?<![\w.]){n}\(", text)]
    header = [f"from datetime import {', '.join(used)}", ""] if used else []
    head = _laid_out("\n".join([*header, *imports]))
    parts = [
        *([head] if head else []),
        *functions,
        _laid_out(f"def query(t):\n{statements}\n"),
    ]
    return Program("\n\n\n".join(part.rstrip("\n") for part in parts) + "\n", "python")


def _laid_out(text: str) -> str:
    """Formats a program's text as Black does, in lines of up to 100 characters."""
    return format_string("program.py", text, _OPTIONS)
