"""Lays out the parts of a Python program as ruff and Black would."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ruff_api import FormatOptions, format_string

from harness.engines.base import Program

LINE_LENGTH = 100
DATETIME_NAMES = ("date", "datetime", "timedelta")
_OPTIONS = FormatOptions(target_version="py311", line_width=LINE_LENGTH)


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
