"""Which part of the battery the suite runs on an engine.

The whole of it takes an engine ten seconds, or minutes where each query is sent to a cluster's
scheduler or a server. So engines that emit programs of their own run all of it, and others a part,
each engine another, and cuDF's stand-in a third. ``ENGINEBENCH_BATTERY=whole`` runs all on all.
"""

from __future__ import annotations

import os
import zlib

from harness.engines.base import Engine
from harness.engines.sql.base import SqlEngine

WHOLE = os.environ.get("ENGINEBENCH_BATTERY") == "whole"


def parts_for(engine: Engine) -> int:
    """Returns into how many parts the battery is cut for an engine, of which the suite runs one."""
    if engine.serves:
        return 40
    if engine.connects:
        return 6
    if not engine.by_default:
        return 8
    return 3 if isinstance(engine, SqlEngine) else 1


def runs(engine: Engine, title: str) -> bool:
    """True if the suite runs the battery's query with this title on an engine."""
    return share(f"{title} {engine.name}", parts_for(engine))


def share(title: str, parts: int) -> bool:
    """True if a title is in the part of ``parts`` that the suite runs, or if it runs all."""
    return WHOLE or zlib.crc32(title.encode()) % parts == 0
