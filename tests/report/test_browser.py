"""The page in a real browser without a network: charts, choices, themes and hostile text."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from report.page.output import build
from tests.report.test_page import hostile
from tests.support.opened import Opened, needs_chromium
from tests.support.results_factory import (
    ENGINES,
    PYTHON,
    Asked,
    Document,
    document,
    realistic,
    write,
)

if TYPE_CHECKING:
    from playwright import sync_api
else:
    sync_api = pytest.importorskip("playwright.sync_api")

pytestmark = needs_chromium
Open = Callable[..., Opened]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("pages")
    documents: dict[str, Callable[[], Document]] = {
        "one": realistic,
        "sizes": lambda: realistic(("small", "medium"), ("memory", "csv"), rounds=5),
        "hostile": hostile,
        "turns": drifting,
        "objects": objects,
    }

    def page(name: str) -> Path:
        path = folder / f"{name}.html"
        if not path.exists():
            build([write(folder / f"{name}.json", documents[name]())], path)
        return path

    return page


def objects() -> Document:
    """Returns results of two engines, labelled as properties of every JavaScript object."""
    labels = {"polars": "__proto__", "pandas": "constructor"}
    engines = {name: {**ENGINES[name], "label": label} for name, label in labels.items()}
    return document([Asked("q1", name, (0.1, 0.2)) for name in labels], engines)


def drifting() -> Document:
    """Returns results of two engines that took turns while the machine slowed down to a fifth."""
    slower = [0.11, 0.2201, 0.3302, 0.4403, 0.5504]
    content = document([
        Asked("drifting", "polars", (0.1, 0.2, 0.3, 0.4, 0.5)), Asked("drifting", "pandas", slower),
    ])  # fmt: skip
    for entry in content["benchmarks"]:
        entry["extra_info"]["turns"] = [1, 2, 3, 4, 5]
    return content


@pytest.fixture
def open_page(open_file: Open, files: Callable[[str], Path]) -> Open:
    """Returns a function: it opens the page of the document with a name."""

    def open_it(name: str = "one", hash: str = "", **options: Any) -> Opened:
        return open_file(files(name), hash, **options)

    return open_it


def test_every_chart_is_drawn_under_the_policy(open_page: Open) -> None:
    """Twelve charts have rows: four over all queries, times and gains of each of four workloads."""
    opened = open_page(anew=True)
    opened.wait_for_charts(12)
    assert "1.07×" in opened.text("[data-chart=ranking]")
    assert opened.page.locator("[data-place=threads]").is_hidden()


def test_each_choice_redraws_every_chart(open_page: Open) -> None:
    """After each choice the ranking's bars show its table's values, and no chart is empty."""
    opened = open_page(anew=True)
    opened.wait_for_charts(12)
    opened.choose("metric", "peak")
    see_all(opened, "Peak memory: over 27 queries")
    opened.choose("workload", "join")
    see_all(opened, "Peak memory: over 5 queries")
    opened.page.fill("[name=query]", "inner")
    see_all(opened, "Peak memory: over 4 queries")
    opened.page.click("[type=reset]")
    see_all(opened, "Over 27 queries")


def see_all(opened: Opened, sentence: str) -> None:
    assert opened.text("[data-overall]").startswith(sentence)
    best = opened.text("table.ranking td").split(" ")[0]
    sync_api.expect(opened.page.locator("[data-chart=ranking]")).to_contain_text(best)
    shown = opened.page.locator("main [data-chart]:visible")
    opened.wait_for_charts(shown.count())


def test_what_leaves_no_query_says_so_and_offers_all(open_page: Open) -> None:
    opened = open_page(hash="#query=nothing&workload=join")
    assert "No query is in view: workload join, query nothing" in opened.text("#empty")
    assert opened.page.locator("#ranking").is_hidden()
    opened.page.click("[name=clear]")
    assert opened.page.locator("#empty").is_hidden() and opened.page.is_visible("#ranking")


def test_the_top_says_what_to_use_for_which_work(open_page: Open) -> None:
    opened = open_page()
    assert opened.text("h1").startswith("Group-by, 10 million rows · Join")
    assert opened.text("[data-answers]") == (
        "✗ 100 of 101 answers equal the reference; 7 cells without one"
    )
    assert opened.text("[data-open]").endswith("queries the best cannot be told apart yet")
    rows = opened.page.locator("table.kinds tbody tr").all_inner_texts()
    assert len(rows) == 5 and rows[0].startswith("All 27 queries") and "★1.07×" in rows[0]
    assert all(row.count("★") == 1 for row in rows)
    first = opened.page.locator("dl.findings div").first
    assert " ".join(first.inner_text().split()).startswith(
        "Group-by, 10 million rows Polars DuckDB, the next, takes 1.23× (1.20–1.25) as long."
    )
    opened.choose("baseline", "duckdb")
    assert opened.text("table.kinds td.heat").startswith("★0.")


def test_a_pair_of_engines_is_compared_with_both_programs(open_page: Open) -> None:
    opened = open_page()
    assert opened.text("[data-pair]").startswith("pandas takes 6.27× (6.18–6.36) as long as Polars")
    opened.choose("from", "pyarrow")
    assert opened.text("[data-pair]").startswith("PyArrow takes ")
    assert opened.hash() == "#from=pyarrow&to=polars"
    opened.page.locator("[data-chart=pair]").first.scroll_into_view_if_needed()
    opened.page.locator("[data-chart=pair] .mark-symbol path").first.click()
    heads = opened.page.locator("#details .program h3").all_inner_texts()
    assert [head.split("’")[0] for head in heads[:2]] == ["PyArrow", "Polars"]


def test_a_link_opens_its_cell(open_page: Open) -> None:
    opened = open_page()
    opened.cell("pandas", "q2").click()
    opened.page.locator("#details[open]").wait_for()
    address = opened.hash()
    assert "cell=groupby%3A%3Aq2%3A%3Apandas" in address
    again = open_page(hash=address, anew=True)
    again.page.locator("#details[open] [aria-pressed=true]", has_text="pandas").wait_for()
    again.page.keyboard.press("Escape")
    again.page.wait_for_function("location.hash === ''")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_chart_and_a_table_are_taken_along(open_page: Open, scheme: str) -> None:
    opened = open_page(color_scheme=scheme)
    for place in ("#queries figure", "[data-picture=kinds]"):
        for action, head in (("SVG", b"<svg "), ("PNG", b"\x89PNG")):
            opened.page.locator(f"{place} .tools").first.click()
            with opened.page.expect_download() as download:
                opened.page.click(f"#saving [data-action={action}]")
            content = Path(download.value.path()).read_bytes()
            assert content.startswith(head)
            if action == "SVG":
                svg = content.decode()
                assert "var(" not in svg and "color-mix" not in svg
                text = " ".join(re.sub("<[^>]+>", " ", svg).split())
                for part in ("7840U · 2026-11-20 09:30", "polars 2.1.0", "pytest --benchmark"):
                    assert part in text
    command = opened.text("#saving code")
    assert command == (
        "pytest --benchmark groupby.yaml join.yaml etl.yaml flights.yaml --engines "
        "polars,duckdb,pyarrow,pandas --size medium --input memory --threads 16"
    )


def test_a_phone_says_that_a_table_has_more_at_its_side(open_page: Open) -> None:
    opened = open_page(viewport={"width": 360, "height": 800})
    beside = opened.page.locator(".more > .scroll").first
    beside.wait_for()
    place = beside.element_handle()
    opened.page.evaluate("place => { place.scrollLeft = place.scrollWidth; }", place)
    opened.page.wait_for_function("place => !place.parentElement.matches('.more')", arg=place)


def test_paper_has_every_query_and_no_torn_row(open_page: Open) -> None:
    opened = open_page()
    opened.page.emulate_media(media="print")
    overflow = opened.page.evaluate(
        "[...document.querySelectorAll('.scroll')].map((e) => getComputedStyle(e).overflowX)"
    )
    assert set(overflow) == {"visible"}
    assert opened.page.locator("table.cells tbody tr[data-task]:visible").count() == 27
    assert (
        opened.page.evaluate(
            "getComputedStyle(document.querySelector('table.cells tr')).breakInside"
        )
        == "avoid"
    )


def test_a_csv_holds_no_formula_and_its_numbers_are_numbers(open_page: Open) -> None:
    lines = [{"a": text, "b": -1.5} for text in ("=1+1", "+1", "-1", "@x", "\t=1", "plain", "")]
    text = open_page().page.evaluate("(lines) => csv(lines)", lines)
    found = [(line["a"], line["b"]) for line in csv.DictReader(io.StringIO(text, newline=""))]
    assert found == [
        (f"'{line['a']}" if line["a"] not in ("plain", "") else line["a"], "-1.5") for line in lines
    ]


def test_a_csv_holds_no_formula_behind_another_separator(open_page: Open) -> None:
    """Spreadsheets that separate by semicolons ignore quotation marks, and would run ``=1+1``."""
    texts = ["a;=1+1", 'a"; @x', "a\n-1", "\uff1d1", " =1", "a;b", "a=1"]
    lines = open_page().page.evaluate("(texts) => texts.map((a) => csv([{ a }]))", texts)
    found = [next(csv.DictReader(io.StringIO(line, newline="")))["a"] for line in lines]
    assert found == ["a;'=1+1", "a\";' @x", "a\n'-1", "'\uff1d1", "' =1", "a;b", "a=1"]


def test_a_command_has_no_option_and_no_control_of_a_stranger_s(open_page: Open) -> None:
    words = open_page().page.evaluate(
        "(words) => words.map(quoted)", ["-px", "a\x15\nid\u202e", "q'1"]
    )
    assert words == ["./-px", "'a\ufffd\ufffdid\ufffd'", "'q'\\''1'"]


def test_an_engine_may_be_called_as_what_every_object_has(open_page: Open) -> None:
    opened = open_page("objects", anew=True)
    opened.wait_for_charts(6)
    assert "“constructor”" in opened.text("[data-chart=ranking]")


def test_a_page_without_scripts_says_that_it_needs_them(open_page: Open) -> None:
    opened = open_page(java_script_enabled=False)
    assert "needs JavaScript" in opened.text("noscript")


def test_the_verdict_on_two_engines_is_that_of_their_paired_rounds(open_page: Open) -> None:
    """Rounds compared turn by turn show pandas 10% slower; without pairs the drift hides that."""
    opened = open_page("turns")
    opened.cell("pandas", "drifting").click()
    assert "slower than Polars by 1.10× (1.07–1.13)" in opened.text("#details .verdict")


def see_a_query(opened: Opened) -> None:
    """Waits for the chart of the first queries, which is drawn when it is in sight."""
    opened.page.locator("[data-chart=times]").first.scroll_into_view_if_needed()
    opened.page.locator("[data-chart=times] svg.marks").first.wait_for()


def test_a_metric_is_chosen_and_everything_follows(open_page: Open) -> None:
    opened = open_page()
    see_a_query(opened)
    opened.choose("metric", "peak")
    assert opened.hash() == "#metric=peak"
    sentence = opened.text("[data-overall]")
    assert sentence.startswith("Peak memory: over 27 queries, DuckDB stays closest to the best")
    assert opened.text("table.ranking tbody th") == "DuckDB"
    assert opened.text("[data-unit]").startswith("peak memory, and the ratio")
    assert opened.text(".matrix h3").endswith("in MiB")
    sync_api.expect(opened.page.locator("[data-chart=times]").first).to_contain_text("MiB")


def test_a_baseline_changes_the_ratios(open_page: Open) -> None:
    opened = open_page()
    opened.choose("baseline", "pandas")
    assert "as a multiple of pandas" in opened.text("[data-overall]")
    cells = opened.page.locator(".cells tr[data-task='0'] td small").all_inner_texts()
    assert cells[-1] == "1.00×" and all(float(text.strip("≈×")) < 1 for text in cells[:-1])


def test_an_engine_is_switched_off_everywhere(open_page: Open) -> None:
    opened = open_page(hash="#workload=join", anew=True)
    opened.wait_for_charts(6)
    opened.page.uncheck("[name=engine][value='0']")
    assert opened.hash() == "#workload=join&off=polars"
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
    hash = "#metric=cold&size=small&input=csv&off=pandas&baseline=duckdb"
    opened = open_page("sizes", hash, anew=True)
    assert opened.page.locator(".matrix:visible").count() == 4
    assert "from CSV · small · 16 threads" in opened.text(".matrix h3")
    assert opened.page.input_value("[name=metric]") == "cold"
    assert not opened.page.is_checked("[name=engine] >> nth=3")
    opened.page.click("button[type=reset]")
    assert opened.hash() == "" and opened.page.locator(".matrix:visible").count() == 8
    assert "medium" in opened.text("[data-where]")
    opened.choose("size", "*")
    assert opened.hash() == "#size=*" and opened.page.locator(".matrix:visible").count() == 16


def test_unknown_names_in_the_address_are_ignored(open_page: Open) -> None:
    opened = open_page("one", "#metric=x&workload=%3Cb%3E&off=nobody&theme=pink")
    assert opened.page.locator(".matrix:visible").count() == 4


def test_a_workload_is_chosen_by_keyboard(open_page: Open) -> None:
    opened = open_page()
    opened.page.focus("[name=workload]")
    opened.page.keyboard.press("ArrowDown")
    assert opened.hash() == "#workload=groupby"
    assert opened.page.locator("table.cells tbody tr").count() == 10


def test_queries_are_chosen_by_name_or_title(open_page: Open) -> None:
    opened = open_page()
    opened.page.fill("[name=query]", "q1, median")
    names = opened.page.locator("table.cells tbody th > bdi").all_inner_texts()
    assert names == ["q1", "q6"]
    assert opened.text("table.ranking td:nth-child(6)") == "2 of 2"
    assert opened.hash() == "#query=q1%2C+median"


def test_an_engine_sorts_the_matrix_by_keyboard_and_back(open_page: Open) -> None:
    opened = open_page()
    button = opened.page.locator("button.sort", has_text="pandas").first
    button.press("Enter")
    assert opened.hash() == "#sort=pandas"
    ratios = opened.page.locator("table.cells >> nth=0").locator("td:last-child small")
    shown = [float(text.strip("≈×")) for text in ratios.all_inner_texts()]
    assert shown == sorted(shown, reverse=True) and len(shown) == 9
    opened.page.keyboard.press("Enter")
    assert opened.hash() == "" and opened.text("table.cells tbody th").startswith("q1 ")


def test_a_reason_is_told_on_focus_and_on_hover(open_page: Open) -> None:
    opened = open_page("one", "#metric=cold")
    opened.cell("PyArrow", "q6").focus()
    reason = "PyArrow, q6: ∅ unsupported. Acero has no exact median by group"
    assert opened.text("#tip") == reason
    opened.page.keyboard.press("Escape")
    assert opened.page.locator("#tip").is_hidden()
    opened.cell("DuckDB", "pivot").hover()
    assert opened.text("#tip").endswith("BinderException: PIVOT needs a literal list of values")
    assert opened.hash() == "#metric=cold"


def test_arrow_keys_move_through_the_matrix_and_enter_opens_a_cell(open_page: Open) -> None:
    opened = open_page()
    opened.cell("Polars", "q1").focus()
    for key in ("ArrowDown", "ArrowRight", "Enter"):
        opened.page.keyboard.press(key)
    dialog = opened.page.locator("#details")
    assert opened.text("#details h2") == "q2 sum by two strings"
    assert opened.text("#details [aria-pressed=true]") == "DuckDB"
    opened.page.keyboard.press("Escape")
    sync_api.expect(dialog).to_be_hidden()


def test_a_cell_opens_with_all_that_is_known_of_it(open_page: Open) -> None:
    opened = open_page()
    opened.cell("Polars", "q1").click()
    opened.page.locator("#details [data-chart=rounds] svg.marks").wait_for()
    text = opened.text("#details")
    for part in ("Hot median", "Cold, first run", "Peak memory", "Cores used", "of 16 threads",
                 "Rows of the answer", "answer was compared with the reference and is right",
                 "SQL as written", "where v1 > 2 and id1 <> 'id007' -- q1", "└── Scan q1",
                 "Polars’s program", "SHA-256", "faster than pandas by"):  # fmt: skip
        assert part in text
    opened.page.locator("#details .engines button", has_text="pandas").click()
    assert "slower than Polars by" in opened.text("#details .verdict")


def test_a_cell_without_a_time_opens_with_its_reason(open_page: Open) -> None:
    opened = open_page()
    opened.cell("PyArrow", "sessions").click()
    assert "≠ wrong answer: session_seconds, row 17" in opened.text("#details .notice")
    assert opened.page.locator("#details [data-chart=rounds]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_the_system_and_can_be_switched(open_page: Open, scheme: str) -> None:
    opened = open_page(color_scheme=scheme)
    page_colour = "getComputedStyle(document.body).backgroundColor"
    colours = {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 24, 28)"}
    assert opened.page.evaluate(page_colour) == colours.pop(scheme)
    opened.page.click("[name=theme]")
    assert opened.page.evaluate(page_colour) == next(iter(colours.values()))


def test_a_chart_without_rows_is_named_with_what_it_needs(open_page: Open) -> None:
    assert open_page().text("[data-absent]") == (
        "Not drawn: Speed-up against threads (needs runs with several --threads); "
        "Queries per second over clients (needs runs with several --clients); "
        "Time over memory limit (needs runs with several --memory-limit); "
        "Growth with the data (needs runs with several --size); "
        "CPU against GPU (needs an engine on a GPU); "
        "Over runs (needs several runs of one machine)."
    )


def test_equal_reasons_in_several_settings_share_a_line(open_page: Open) -> None:
    opened = open_page("sizes", "#size=*")
    assert opened.text("[data-untimed]") == "32"
    rows = opened.page.locator("table.untimed tbody tr").all_inner_texts()
    assert len(rows) == 8 and "4 settings" in rows[0]


def test_the_dark_theme_is_printed_light(open_page: Open) -> None:
    opened = open_page("one", "#theme=dark", anew=True)
    opened.wait_for_charts(12)
    colours = (
        "[document.body, document.querySelector('.mark-text text')]"
        ".map((node) => getComputedStyle(node))"
        ".map((style) => [style.backgroundColor, style.fill])"
    )
    assert opened.page.evaluate(colours)[1][1] == "rgb(154, 163, 175)"
    opened.page.emulate_media(media="print")
    (paper, _), (_, ink) = opened.page.evaluate(colours)
    assert (paper, ink) == ("rgb(255, 255, 255)", "rgb(93, 101, 112)")


CONTRASTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const luminance = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const cell = document.querySelector('td.heat');
  return [...Array(201).keys()].map((step) => {
    cell.style.setProperty('--heat', Math.max(step / 100 - 1, 0));
    cell.style.setProperty('--cool', Math.max(1 - step / 100, 0));
    const style = getComputedStyle(cell);
    const [low, high] = [style.color, style.backgroundColor].map(luminance).sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_legible_on_the_whole_colour_scale(open_page: Open, scheme: str) -> None:
    opened = open_page(color_scheme=scheme)
    assert min(opened.page.evaluate(CONTRASTS)) >= 4.45


def test_axe_sees_a_serious_fault(open_page: Open) -> None:
    opened = open_page(hash="#workload=join", locale="en-GB")  # which no other test uses
    opened.page.evaluate("document.querySelector('[name=query]').parentElement.replaceWith("
                         "document.querySelector('[name=query]'))")  # fmt: skip
    for name in ("placeholder", "title"):
        opened.page.evaluate(f"document.querySelector('[name=query]').removeAttribute('{name}')")
    assert any(fault.startswith("label: ") for fault in opened.serious())


@pytest.mark.parametrize("width", [400, 2560])
def test_hostile_text_never_makes_the_page_scroll_sideways(open_page: Open, width: int) -> None:
    opened = open_page("hostile", viewport={"width": width, "height": 900})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_hostile_text_is_inert(open_page: Open) -> None:
    opened = open_page("hostile", anew=True)
    opened.wait_for_charts(5)
    assert opened.page.evaluate("document.querySelectorAll('img, iframe').length") == 0
    assert "</script><script>alert(1)</script>" in opened.text("#findings")
    opened.page.locator("[data-picture=kinds] .tools").click()
    assert "alert(1)" in opened.text("#saving code")
    opened.choose("metric", "cold")
    assert "</script><script>alert(1)</script>" in opened.text("[data-overall]")


def test_a_program_is_copied_as_it_was_run(open_page: Open) -> None:
    opened = open_page(permissions=["clipboard-read", "clipboard-write"])
    opened.cell("Polars", "q1").click()
    opened.page.locator(".program .copy").first.click()
    opened.page.wait_for_selector("text=Copied")
    copied = opened.page.evaluate("navigator.clipboard.readText()")
    assert copied == PYTHON.format(name="q1, polars, memory")


TEXTS = {
    "python": "def f(t):  # \"no string\"\n  return t(\"it's\") + 1.5e3 if None else '''a\nb'''\n",
    "sql": "select 'it''s', /* a -- b */ count(*) from t where x <> 12 -- 'end'",
}


def test_what_is_never_closed_is_highlighted_at_once(open_page: Open) -> None:
    hostile = {"sql": ["x /*", "/*", "'"], "python": ['"\\', '"""', "'\\\n", "'"]}
    texts = [[part * 50_001, language] for language, parts in hostile.items() for part in parts]
    seconds = open_page().page.evaluate(
        "(texts) => texts.map(([text, language]) => { const start = performance.now(); "
        "highlighted(text, language); return (performance.now() - start) / 1000; })",
        texts,
    )
    assert max(seconds) < 5


@pytest.mark.parametrize("language", TEXTS)
def test_a_highlighted_text_is_the_text_again(open_page: Open, language: str) -> None:
    text = TEXTS[language]
    parts = open_page().page.evaluate(
        "([text, language]) => highlighted(text, language).map((part) => "
        "typeof part === 'string' ? [part, ''] : [part.textContent, part.className])",
        [text, language],
    )
    assert "".join(part for part, _ in parts) == text
    kinds = {part: kind for part, kind in parts if kind}
    expected = {
        "python": {"def": "k", "f": "f", '# "no string"': "c", "return": "k", "t": "f",
                   '"it\'s"': "s", "1.5e3": "m", "if": "k", "None": "k", "else": "k",
                   "\'\'\'a\nb\'\'\'": "s"},
        "sql": {"select": "k", "'it''s'": "s", "/* a -- b */": "c", "count": "k", "from": "k",
                "where": "k", "12": "m", "-- 'end'": "c"},
    }  # fmt: skip
    assert kinds == expected[language]


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
