"""Recognises errors that mean that memory ran out."""

from __future__ import annotations

import re

_TYPES = {"MemoryError", "ArrowMemoryError", "OutOfMemoryException", "OutOfMemoryError"}
_WORDS = re.compile(
    r"std::bad_alloc"
    r"|bad allocation"
    r"|out[ _-]of[ _-]memory"  # DuckDB, CUDA's cudaErrorMemoryAllocation, Polars on the GPU
    r"|outofmemory"  # Java, RMM
    r"|memory allocation of \d+ bytes failed"  # Rust's abort: Polars, DataFusion
    r"|memory limit .*exceeded"  # ClickHouse
    r"|cudaErrorMemoryAllocation"
    r"|cannot allocate memory"
    r"|resources exhausted"  # DataFusion's memory pool
    r"|(?:realloc|malloc) of size \d+ failed",  # Arrow
    re.IGNORECASE,
)


def says_out_of_memory(error_type: str, text: str) -> bool:
    """True if an error's type or text (or the end of a log) says that memory ran out."""
    return error_type in _TYPES or _WORDS.search(text) is not None
