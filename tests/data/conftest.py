"""A fixture: the tests of one module share a process that reads files, to save its start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.data import prepare
from harness.data.apart import SECONDS, Apart


class Lasting(Apart):
    """A reading process that survives ``close``, which only resets its time limit and counts."""

    def close(self) -> None:
        self._seconds, self._counted = SECONDS, set()


@pytest.fixture(scope="module")
def one_reader() -> Iterator[None]:
    """Makes all calls of ``prepare`` in a module use one reading process."""
    reading = Lasting()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepare, "Apart", lambda: reading)
        yield
    Apart.close(reading)
