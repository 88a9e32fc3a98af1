"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.records.whole import write_whole


def test_a_file_is_replaced_and_can_be_read_by_others(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    for content in (b"old", b"new"):
        write_whole(file, content, durable=True)
        assert file.read_bytes() == content
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [file]


def test_what_cannot_be_written_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(file, b"new", durable=True)
    assert (list(tmp_path.iterdir()), file.read_bytes()) == ([file], b"old")
