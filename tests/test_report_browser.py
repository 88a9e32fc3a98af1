"""The page in a real browser without a network: charts, choices, themes and hostile text."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from report.output import build
from tests.results_factory import Document, realistic, write
from tests.test_report_page import hostile

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on the PATH: apt-get install chromium"
)
if TYPE_CHECKING:
    from playwright import sync_api
else:
    sync_api = pytest.importorskip("playwright.sync_api")

LONGEST_WAIT = 20_000


@dataclass
class Opened:
    """A page, and what went wrong in it: errors, and requests for anything but itself."""

    page: sync_api.Page
    faults: list[str] = field(default_factory=list)

    def watch(self) -> None:
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

    def hash(self) -> str:
        return str(self.page.evaluate("location.hash"))


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("pages")
    documents: dict[str, Callable[[], Document]] = {
        "one": realistic,
        "sizes": lambda: realistic(("small", "medium"), ("memory", "csv"), rounds=5),
        "hostile": hostile,
    }

    def page(name: str) -> Path:
        path = folder / f"{name}.html"
        if not path.exists():
            build([write(folder / f"{name}.json", documents[name]())], path)
        return path

    return page


Open = Callable[..., Opened]


@pytest.fixture
def open_page(browser: sync_api.Browser, files: Callable[[str], Path]) -> Iterator[Open]:
    """Opens a page by name; at the end of the test no opened page may have had a fault."""
    opened: list[Opened] = []

    def open_it(name: str = "one", hash: str = "", **context: Any) -> Opened:
        page = browser.new_context(offline=True, **context).new_page()
        opened.append(Opened(page))
        opened[-1].watch()
        page.goto(f"{files(name).as_uri()}{hash}")
        return opened[-1]

    yield open_it
    for each in opened:
        each.page.context.close()
    assert [fault for each in opened for fault in each.faults] == []


def test_every_chart_is_drawn_under_the_policy(open_page: Open) -> None:
    opened = open_page()
    opened.wait_for_charts(28)
    assert "1.06×" in opened.text("[data-chart=ranking]")


def test_scripts_agree_with_what_was_built_without_them(open_page: Open) -> None:
    """The first view is written by Python, and again by the page's scripts."""
    parts = ("#findings", "table.ranking", ".matrices", "#queries figcaption", "[data-unit]")
    for name in ("one", "sizes"):
        without, with_them = open_page(name, java_script_enabled=False), open_page(name)
        for part in parts:
            texts = [o.page.locator(part).all_inner_texts() for o in (without, with_them)]
            assert texts[0] == texts[1]


def test_the_colours_of_the_matrix_agree_too(open_page: Open) -> None:
    shown = (
        "[...document.querySelectorAll('td[data-cell]')].map(node => "
        "[node.className, Number(node.style.getPropertyValue('--heat'))])"
    )
    without, with_them = open_page(java_script_enabled=False), open_page()
    built, computed = (opened.page.evaluate(shown) for opened in (without, with_them))
    assert [name for name, _ in built] == [name for name, _ in computed]
    assert [heat for _, heat in built] == pytest.approx([heat for _, heat in computed], abs=2e-3)


def test_a_metric_is_chosen_and_everything_follows(open_page: Open) -> None:
    opened = open_page()
    opened.page.locator("[data-chart=query] svg.marks").first.wait_for()
    opened.choose("metric", "peak")
    assert opened.hash() == "#metric=peak"
    assert "DuckDB stays closest to the best" in opened.text("[data-overall]")
    assert opened.text("table.ranking tbody th") == "DuckDB"
    assert opened.text("[data-unit]").startswith("peak memory in MiB")
    sync_api.expect(opened.page.locator("[data-chart=query]").first).to_contain_text("MiB")


def test_a_baseline_changes_the_ratios(open_page: Open) -> None:
    opened = open_page()
    opened.choose("baseline", "pandas")
    assert "as a multiple of pandas" in opened.text("[data-overall]")
    cells = opened.page.locator(".cells tr[data-task='0'] td small").all_inner_texts()
    assert cells[-1] == "1.00×" and all(float(text.strip("≈×")) < 1 for text in cells[:-1])


def test_an_engine_is_switched_off_everywhere(open_page: Open) -> None:
    opened = open_page()
    opened.page.locator("[data-chart=query] svg.marks").first.wait_for()
    opened.page.uncheck("[name=engine][value='0']")
    assert opened.hash() == "#off=polars"
    assert "Polars" not in opened.text("#findings")
    assert "Polars" not in opened.text(".matrices")
    sync_api.expect(opened.page.locator(".chart", has_text="Polars")).to_have_count(0)


def test_without_the_penalty_a_mean_is_over_the_cells_there_are(open_page: Open) -> None:
    opened = open_page()
    before = opened.text("table.ranking")
    opened.page.uncheck("[name=penalty]")
    assert opened.text("table.ranking") != before
    assert "left out" in opened.text("[data-penalty-note]")


def test_the_address_brings_the_state_back_and_reset_clears_it(open_page: Open) -> None:
    opened = open_page("sizes", "#metric=cold&size=small&input=csv&off=pandas&baseline=duckdb")
    assert opened.page.locator(".matrix:visible").count() == 4
    assert opened.page.input_value("[name=metric]") == "cold"
    assert not opened.page.is_checked("[name=engine] >> nth=3")
    opened.page.click("button[type=reset]")
    assert opened.hash() == "" and opened.page.locator(".matrix:visible").count() == 16


def test_unknown_names_in_the_address_are_ignored(open_page: Open) -> None:
    opened = open_page("one", "#metric=x&workload=%3Cb%3E&off=nobody&theme=pink")
    assert opened.page.locator(".matrix:visible").count() == 4


def test_a_workload_is_chosen_by_keyboard(open_page: Open) -> None:
    opened = open_page()
    opened.page.focus("[name=workload]")
    opened.page.keyboard.press("ArrowDown")
    assert opened.hash() == "#workload=groupby"
    assert opened.page.locator("article.query:visible").count() == 10


def test_a_reason_is_reached_by_keyboard_and_the_state_is_kept(open_page: Open) -> None:
    opened = open_page("one", "#metric=cold")
    opened.page.locator("a.outcome").first.press("Enter")
    assert "Acero has no exact median" in opened.text("tr:focus")
    assert opened.hash() == "#metric=cold"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_the_system_and_can_be_switched(open_page: Open, scheme: str) -> None:
    opened = open_page(color_scheme=scheme)
    page_colour = "getComputedStyle(document.body).backgroundColor"
    colours = {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 24, 28)"}
    assert opened.page.evaluate(page_colour) == colours.pop(scheme)
    opened.page.click("[name=theme]")
    assert opened.page.evaluate(page_colour) == next(iter(colours.values()))


CONTRASTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const luminance = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const cell = document.querySelector('td[data-cell]');
  return [...Array(101).keys()].map((step) => {
    cell.style.setProperty('--heat', step / 100);
    cell.classList.toggle('deep', step / 100 > DEEP);
    const style = getComputedStyle(cell);
    const [low, high] = [style.color, style.backgroundColor].map(luminance).sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_legible_on_the_whole_colour_scale(open_page: Open, scheme: str) -> None:
    opened = open_page(color_scheme=scheme)
    assert min(opened.page.evaluate(CONTRASTS)) >= 4.45


@pytest.mark.parametrize("width", [400, 2560])
@pytest.mark.parametrize("name", ["one", "hostile"])
def test_the_page_never_scrolls_sideways(open_page: Open, name: str, width: int) -> None:
    opened = open_page(name, viewport={"width": width, "height": 900})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_hostile_text_is_inert(open_page: Open) -> None:
    opened = open_page("hostile")
    opened.wait_for_charts(2)
    assert opened.page.evaluate("document.querySelectorAll('img, iframe').length") == 0
    assert "</script><script>alert(1)</script>" in opened.text("#findings")
    opened.choose("metric", "cold")
    assert "</script><script>alert(1)</script>" in opened.text("[data-overall]")


def test_a_program_is_copied_as_it_was_run(open_page: Open) -> None:
    opened = open_page(permissions=["clipboard-read", "clipboard-write"])
    opened.page.locator("article.query summary").first.click()
    opened.page.locator(".program[data-engine='0'] .copy").first.click()
    opened.page.wait_for_selector("text=Copied")
    copied = opened.page.evaluate("navigator.clipboard.readText()")
    assert copied == opened.page.locator(".program[data-engine='0'] code").first.text_content()
    assert copied.startswith("import polars as pl\n\n\ndef query(t):\n")


def downloaded(opened: Opened, name: str) -> str:
    with opened.page.expect_download() as download:
        opened.page.click(f"[name={name}]")
    return Path(download.value.path()).read_text(encoding="utf-8")


def test_all_records_are_downloaded_whatever_is_shown(open_page: Open) -> None:
    opened = open_page("one", "#workload=join")
    records = json.loads(downloaded(opened, "json"))
    assert len(records) == 108
    assert len(records[0]["seconds"]) == 9 and records[0]["machine"] == "laptop"
    lines = list(csv.DictReader(io.StringIO(downloaded(opened, "csv"))))
    assert len(lines) == 100 * 9 + 8
    assert {line["outcome"] for line in lines if not line["seconds"]} >= {"wrong", "oom"}
