"""enginebench: one SQL text becomes every engine's own program, run, checked and timed."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"
__all__ = ["benchmark", "compare_functions"]


def __getattr__(name: str) -> Any:
    """Returns ``harness.benchmark`` or another function for notebooks, imported at its first use.

    Workers of engines import this package too, and need none of these functions.
    """
    if name not in __all__:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    return getattr(importlib.import_module("harness.commands.notebook"), name)
