"""Pages of the report in a real browser: opened once, and used again by the next test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on the PATH: apt-get install chromium"
)
if TYPE_CHECKING:
    from axe_playwright_python import sync_playwright as axe
    from playwright import sync_api
else:
    sync_api = pytest.importorskip("playwright.sync_api")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")

LONGEST_WAIT = 20_000
SERIOUS = ("serious", "critical")
AGAIN = """hash => {
    document.getElementById("details").close();
    document.getElementById("saving").hidePopover();
    hideTip();
    document.activeElement.blur();
    scrollTo(0, 0);
    become(stateFromHash(hash));
}"""
"""What makes an open page as if it had just been opened."""
ONLY_IN_SIGHT = "drawAhead = () => {}"
"""Charts out of sight are then left undrawn: drawing all would take most of a test's time."""


@dataclass
class Opened:
    """A page of the report in the browser.

    ``faults`` has a line for each error, each line in the console, and each request for anything
    but the page itself.
    """

    page: sync_api.Page
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(LONGEST_WAIT)
        self.page.on("console", lambda message: self.faults.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("request", self._request)

    def _request(self, request: sync_api.Request) -> None:
        if not request.url.startswith(("file:", "blob:")):
            self.faults.append(f"request: {request.url}")

    def text(self, selector: str) -> str:
        return " ".join(self.page.locator(selector).first.inner_text().split())

    def wait_for_charts(self, count: int) -> None:
        charts = self.page.locator("[data-chart] svg.marks")
        sync_api.expect(charts).to_have_count(count, timeout=LONGEST_WAIT)

    def choose(self, name: str, value: str) -> None:
        self.page.select_option(f"[name={name}]", value)

    def cell(self, engine: str, query: str) -> sync_api.Locator:
        """Returns the button of a cell in the first matrix, by its engine's and query's labels."""
        table = self.page.locator("table.cells", has=self.page.get_by_text(query, exact=True)).first
        at = table.locator("thead th").all_inner_texts().index(engine)
        row = table.locator("tbody tr", has=self.page.get_by_text(query, exact=True))
        return row.locator(f":nth-child({at + 1}) > button")

    def hash(self) -> str:
        return str(self.page.evaluate("location.hash"))

    def serious(self) -> list[str]:
        """Returns a line for each fault that axe-core calls serious or critical: rule and HTML."""
        found = axe.Axe().run(self.page).response["violations"]
        return [f"{v['id']}: {v['nodes'][0]['html']}" for v in found if v["impact"] in SERIOUS]


class Tabs:
    """Pages that stay open from test to test: one for each file and settings of the browser."""

    def __init__(self, browser: sync_api.Browser) -> None:
        self._browser = browser
        self._open: dict[tuple[Path, str], Opened] = {}

    @contextmanager
    def watched(self) -> Iterator[None]:
        """A ``with`` statement's context; raises AssertionError at its end if a page had faults."""
        yield
        faults = [fault for each in self._open.values() for fault in each.faults]
        for each in self._open.values():
            each.faults.clear()
        assert faults == []

    def open(self, file: Path, hash: str = "", anew: bool = False, **context: Any) -> Opened:
        """Returns a file's page, open at the fragment ``hash`` of its URL, as if just opened.

        A page that is open already is reset, not read again, unless ``anew``. With ``anew`` all of
        its charts are drawn, as for a reader; otherwise those out of sight are not. ``context`` has
        further arguments of Playwright's ``new_context``.
        """
        key = (file, repr(context))
        opened = self._open.get(key)
        if opened is None:
            page = self._browser.new_context(offline=True, **context).new_page()
            opened = self._open[key] = Opened(page)
        elif not anew:
            opened.page.mouse.move(0, 0)
            opened.page.emulate_media(media="null")
            opened.page.evaluate(ONLY_IN_SIGHT)
            opened.page.evaluate(AGAIN, hash)
            return opened
        opened.page.goto("about:blank")
        opened.page.goto(f"{file.as_uri()}{hash}")
        if context.get("java_script_enabled", True):
            opened.page.wait_for_selector("[data-ready]", state="attached")
            if not anew:
                opened.page.evaluate(ONLY_IN_SIGHT)
        return opened


@contextmanager
def chromium() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
