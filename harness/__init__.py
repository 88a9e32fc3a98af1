"""enginebench: one SQL text becomes every engine's own program, run, checked and timed."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"
__all__ = ["benchmark", "compare_functions"]


def __getattr__(name: str) -> Any:
    """Imports a function for scripts and notebooks when it is first used; engines load none."""
    if name not in __all__:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    return getattr(importlib.import_module("harness.commands.notebook"), name)
