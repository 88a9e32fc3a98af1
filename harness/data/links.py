"""Plain paths for a user's files, which no reader takes for a pattern or a URL."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from harness.data.cache import Cache
from harness.data.files import Found, suffix
from harness.tables import plain_path


def plain(found: Found, cache: Cache) -> tuple[Path, ...]:
    """Returns a table's files, or links to all of them if a path could be a pattern or a URL.

    The links lie in the cache as long as the run uses it; their names keep the order. Raises
    DataError if the cache cannot be written.
    """
    if all(plain_path(path) and path.name.endswith(_ending(path)) for path in found.paths):
        return found.paths
    targets = [os.path.realpath(path) for path in found.paths]
    folder = cache.links / hashlib.sha256(os.fsencode("\0".join(targets))).hexdigest()[:20]
    endings = map(_ending, found.paths)
    links = [folder / f"{place:06}{ending}" for place, ending in enumerate(endings)]
    for link, target in zip(links, targets, strict=True):
        cache.link(link, target)
    return tuple(links)


def _ending(path: Path) -> str:
    """Returns a file's ending as readers expect it, with ``.csv`` for ``.tsv``."""
    return str(suffix(path)).replace(".tsv", ".csv")
