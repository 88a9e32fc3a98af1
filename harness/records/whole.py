"""Content -> a file that is there whole or not at all: no reader ever sees half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

MODE = 0o644
"""What others may do with the file; a temporary file's would be 0o600."""


def write_whole(path: Path, content: bytes, durable: bool = False) -> None:
    """Writes beside the file, then takes its place. Leaves nothing behind where it fails.

    With ``durable`` the content is on the disk before it takes the file's place, so that not even a
    power failure leaves half. Raises OSError.
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
