"""Files are evicted from the page cache; a file that stays there is reported."""

from __future__ import annotations

import mmap
from pathlib import Path

import pytest

from harness.machine.pagecache import cached_pages, drop

PAGES = 64


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "data"
    file.write_bytes(b"x" * PAGES * mmap.PAGESIZE)
    return file


def test_a_file_that_was_just_written_is_cached_until_it_is_dropped(file: Path) -> None:
    assert cached_pages(file) == PAGES
    assert drop([file])
    assert cached_pages(file) == 0
    file.read_bytes()
    assert cached_pages(file) == PAGES


def test_a_file_that_somebody_has_mapped_stays_and_that_is_told(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"y" * 10)
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as kept:
        assert sum(kept[:: mmap.PAGESIZE]) == PAGES * ord("x")  # now its pages are in use
        assert not drop([file, other])
        assert cached_pages(other) == 0
    assert drop([file])


def test_an_empty_file_has_no_pages(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert drop([tmp_path / "empty"])
