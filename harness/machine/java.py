"""Finds a Java that is new enough, and keeps it on the loopback interface."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def unavailable(oldest: int) -> str | None:
    """Returns why there is no Java of this version or newer; None if there is one."""
    program = _program()
    if program is None:
        return f"there is no Java: install version {oldest} or newer, or set JAVA_HOME"
    version = _version(program)
    if version is not None and version < oldest:
        return f"Java {version} is here, and {oldest} or newer is needed"
    return None


def _program() -> Path | None:
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None)
    return None if found is None else Path(found).resolve()


def _version(program: Path) -> int | None:
    """Returns the Java version in the file ``release`` of the program's installation, or None."""
    file = program.parents[1] / "release"
    found = re.search(r'JAVA_VERSION="(?:1\.)?(\d+)', file.read_text()) if file.is_file() else None
    return int(found[1]) if found else None


def is_loopback(address: str) -> bool:
    """True if a cluster's address, such as ``spark://127.0.0.1:7077``, is on this machine only."""
    return urlsplit(address).hostname in LOOPBACK


def on_loopback(address: str | None) -> dict[str, str]:
    """Returns the environment variable that makes Spark listen on loopback, as {name: value}.

    ``address`` is that of a cluster, None if there is none. For one on another machine it returns
    {}.
    """
    return {"SPARK_LOCAL_IP": "127.0.0.1"} if address is None or is_loopback(address) else {}
