"""Writes a file whole or not at all: no reader ever sees half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

MODE = 0o644
"""The file's permissions; a temporary file's would be 0o600."""


def write_whole(path: Path, content: bytes, durable: bool = False) -> None:
    """Writes a file by renaming a finished temporary file beside it, so that no half file is seen.

    If that fails, it raises OSError and leaves nothing new. With ``durable`` the content is on the
    disk before the rename, so that not even a power failure leaves half a file.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(descriptor)
        beside.chmod(MODE)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
