"""One reading process for the tests of a file: to start one for each costs half a second."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.data import prepare
from harness.data.apart import SECONDS, Apart


class Lasting(Apart):
    """A reader whose process outlives the call of ``prepare``, which finds it as if new."""

    def close(self) -> None:
        self._seconds, self._counted = SECONDS, set()


@pytest.fixture(scope="module")
def one_reader() -> Iterator[None]:
    """Lets all calls of ``prepare`` use one process."""
    reading = Lasting()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepare, "Apart", lambda: reading)
        yield
    Apart.close(reading)
