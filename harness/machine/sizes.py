"""How many bytes files take."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def bytes_under(path: Path) -> int:
    """Returns the bytes of a file, or of all in a folder; those that vanish meanwhile are left out.

    Raises FileNotFoundError if ``path`` is not there.
    """
    if not path.is_dir():
        return path.stat().st_size
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += Path(folder, name).lstat().st_size
    return total
