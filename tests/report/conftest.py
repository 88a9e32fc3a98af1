"""One browser for all tests of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.opened import Opened, Tabs


@pytest.fixture(scope="session")
def tabs() -> Iterator[Tabs]:
    from tests.support.opened import Tabs, chromium

    with chromium() as browser:
        yield Tabs(browser)


@pytest.fixture
def open_file(tabs: Tabs) -> Iterator[Callable[..., Opened]]:
    """Returns a function that opens a page by its file; the test fails if a page had an error."""
    with tabs.watched():
        yield tabs.open
