"""A command -> the same one, which ends where the process that starts it ends, however that is."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

_STARTER = f"""
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, {int(signal.SIGTERM)}, 0, 0, 0)  # PR_SET_PDEATHSIG
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


def following(command: Sequence[str]) -> list[str]:
    """Returns a command that runs ``command``, which gets SIGTERM at its parent's death.

    The parent is this process. ``command`` begins with the path of a program. On systems other
    than Linux it gets no signal.
    """
    return [sys.executable, "-P", "-c", _STARTER, str(os.getpid()), *command]
