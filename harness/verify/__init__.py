"""Is an answer right? An engine's answer and the reference -> None, or the first difference."""

from __future__ import annotations

from harness.verify.compare import compare

__all__ = ["compare"]
