"""Python that an emitter printed -> the same, laid out as ruff and Black lay it out."""

from __future__ import annotations

from ruff_api import FormatOptions, format_string

LINE_LENGTH = 100
_OPTIONS = FormatOptions(target_version="py311", line_width=LINE_LENGTH)


def laid_out(text: str) -> str:
    """The text in lines of up to 100 characters."""
    return format_string("program.py", text, _OPTIONS)
