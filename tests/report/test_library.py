"""What all pages share (Vega and charts) is made once, then read from a cache if it is safe."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from report.page import library as kept
from report.page.library import DrawnChart, Library

OWN = Library("vega", {"memory": DrawnChart("Memory", "", "", {"layer": []})})
OTHER = Library("planted", {})


@pytest.fixture(autouse=True)
def _a_cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ENGINEBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(kept, "_made", lambda: OWN)
    kept.library.cache_clear()
    yield
    kept.library.cache_clear()


def again(monkeypatch: pytest.MonkeyPatch) -> Library:
    """Returns the page's `Library` as a new process gets it.

    That is the cached one or, if the cache cannot be used, OTHER instead of a new one.
    """
    kept.library.cache_clear()
    monkeypatch.setattr(kept, "_made", lambda: OTHER)
    return kept.library()


def file(folder: Path) -> Path:
    (found,) = (folder / "cache" / "page").iterdir()
    return found


def test_it_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept.library() == OWN
    assert again(monkeypatch) == OWN


@pytest.mark.parametrize(
    "change", ["content", "cut", "not text", "writable by others", "in a folder of others", "owner"]
)
def test_a_file_that_cannot_be_trusted_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    kept.library()
    path = file(tmp_path)
    if change == "content":
        path.write_text(path.read_text().replace("vega", "evil"))
    elif change == "cut":
        path.write_text(path.read_text()[:-5])
    elif change == "not text":
        path.write_bytes(b"\xff\xfe")
    elif change == "writable by others":
        path.chmod(0o666)
    elif change == "in a folder of others":
        path.parent.chmod(0o777)
    else:
        monkeypatch.setattr(os, "getuid", lambda: path.stat().st_uid + 1)
    assert again(monkeypatch) == OTHER


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    assert kept.library() == OWN
    assert again(monkeypatch) == OTHER


def test_other_versions_have_a_file_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    kept.library()
    monkeypatch.setattr(kept, "version", lambda package: "another")
    assert again(monkeypatch) == OTHER
