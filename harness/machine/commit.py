"""Reads the commit of a folder from the text files in its ``.git``.

Git is not run: it runs programs that the folder's ``.git/config`` names (``core.fsmonitor``,
filters, ``gpg.program``), to which a user of a stranger's workload has not agreed.
"""

from __future__ import annotations

import re
from pathlib import Path

MOST_BYTES = 10_000_000
"""The most bytes of one file: ``packed-refs`` of 100,000 branches has about as many."""
_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_REF = re.compile(r"ref: (refs/[!-~]+)")


def commit_of(folder: Path) -> dict[str, str]:
    """Returns the ``id`` of a folder's commit, the ``branch``, and ``project``, the folder's name.

    The names are those of pytest-benchmark's files. ``id`` is "unversioned" without a commit.
    Whether files differ from the commit is left out: finding that needs git.
    """
    about = {"id": "unversioned", "branch": "(unknown)", "project": folder.name}
    git = next((place / ".git" for place in (folder, *folder.parents) if _here(place)), None)
    return about if git is None else {**about, **_head(git)}


def _here(place: Path) -> bool:
    return (place / ".git").exists()


def _head(git: Path) -> dict[str, str]:
    git = _led_to(git.parent, git, "gitdir: ") or git
    head = _text(git / "HEAD").strip()
    if _ID.fullmatch(head):
        return {"id": head, "branch": "(detached head)"}
    found = _REF.fullmatch(head)
    if found is None or ".." in found[1]:
        return {"id": "unknown"}
    common = _led_to(git, git / "commondir") or git  # of a second working tree
    commit = _text(common / found[1]).strip() or _packed(common, found[1])
    return {
        "id": commit if _ID.fullmatch(commit) else "unknown",
        "branch": found[1].removeprefix("refs/heads/"),
    }


def _led_to(base: Path, file: Path, before: str = "") -> Path | None:
    """Returns the folder that a file in ``.git`` names; None if it names none, or cannot be read.

    The file holds ``before`` and then the folder's path, relative to ``base``.
    """
    named = _text(file).strip()
    return base / named.removeprefix(before) if named and named.startswith(before) else None


def _packed(git: Path, ref: str) -> str:
    lines = _text(git / "packed-refs").splitlines()
    return next((line[: -len(ref) - 1] for line in lines if line.endswith(f" {ref}")), "")


def _text(file: Path) -> str:
    """Returns a file's text; "" if it cannot be read, or reading it could block."""
    try:
        if not file.is_file():
            return ""
        with file.open("rb") as stream:
            return stream.read(MOST_BYTES).decode(errors="replace")
    except (OSError, ValueError):
        return ""
