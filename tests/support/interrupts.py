"""Children that SIGINT reaches, however the tests themselves were started."""

from __future__ import annotations

import signal


def heed_interrupts() -> None:
    """A shell lets what it starts with ``&`` ignore them, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
