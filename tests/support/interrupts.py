"""Makes SIGINT reach the processes that tests start, however the tests themselves were started."""

from __future__ import annotations

import signal


def heed_interrupts() -> None:
    """Makes SIGINT end this process again, and children that it starts.

    What a shell starts with ``&`` ignores SIGINT, and its children inherit that.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
