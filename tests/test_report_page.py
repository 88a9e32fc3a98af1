"""The page as it is built: what it says without scripts, and how it holds hostile text."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

from report.embed import content_security_policy, json_for_script, script
from report.frame import load
from report.highlight import highlight
from report.output import build
from report.page import render
from tests.results_factory import ENGINES, Asked, Document, document, realistic, write

HOSTILE = "</script><script>alert(1)</script>\"'&<!-- \u202egnp \u2028 🦆 " + "long" * 60
GAPS = [
    Asked("q1", "polars", (0.1, 0.1, 0.1)),
    Asked("q1", "pandas", outcome="wrong", reason="row 3: 1, not 2"),
    Asked("q1", "duckdb", outcome="timeout", reason="no answer within 60 s"),
    Asked("q1", "pyarrow", outcome="unsupported", reason="not yet: window"),
    Asked("q2", "polars", outcome="oom", reason="over 24 GiB"),
    Asked("q2", "pandas", outcome="error", reason="KeyError: 'x'"),
    Asked("q2", "duckdb", outcome="unavailable", reason="not installed"),
    Asked("q2", "pyarrow", outcome="skipped", reason="the run was interrupted first"),
]


def page(tmp_path: Path, *documents: Document) -> str:
    paths = [write(tmp_path / f"{at}.json", content) for at, content in enumerate(documents)]
    return render(load(paths))


def text_of(markup: str) -> str:
    """The visible text, with runs of white space as one space."""
    body = re.sub(r"<(script|style)\b.*?</\1>", "", markup, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_every_outcome_is_shown_with_its_reason(tmp_path: Path) -> None:
    text = text_of(page(tmp_path, document(GAPS)))
    for line in (
        "pandas ≠ wrong answer row 3: 1, not 2",
        "DuckDB … timeout no answer within 60 s",
        "PyArrow ∅ unsupported not yet: window",
        "Polars ↑ out of memory over 24 GiB",
        "pandas ! error KeyError: 'x'",
        "DuckDB ○ unavailable not installed",
        "PyArrow » skipped the run was interrupted first",
    ):
        assert line in text


def test_a_cell_without_a_time_is_a_link_to_its_reason(tmp_path: Path) -> None:
    markup = page(tmp_path, document(GAPS))
    links = re.findall(r'<a class="outcome" href="#(cell-\d+)" title="([^"]+)">', markup)
    assert [title for _, title in links if title.startswith("row 3")] == ["row 3: 1, not 2"]
    assert len(links) == 7 and all(f'id="{target}"' in markup for target, _ in links)


def test_a_cell_that_was_not_asked_is_marked_as_such(tmp_path: Path) -> None:
    cells = [Asked("q1", "polars", (0.1,)), Asked("q2", "pandas", (0.1,))]
    assert page(tmp_path, document(cells)).count('title="not asked"') == 2


def test_an_interrupted_run_says_so(tmp_path: Path) -> None:
    assert "was interrupted" in text_of(page(tmp_path, document(GAPS, interrupted=True)))


def test_the_program_is_shown_exactly_as_it_was_run(tmp_path: Path) -> None:
    program = 'def query(t):\n    return t("<a> & b")  # "quoted"\n\n'
    asked = Asked("q1", "polars", (0.1,), program=program)
    code = re.search(r'data-engine="0">\s*<h5>.*?<code>(.*?)</code>', page(
        tmp_path, document([asked])), re.S)  # fmt: skip
    assert code is not None
    assert html.unescape(re.sub(r"</?i[^>]*>", "", code[1])) == program


def test_a_highlighted_text_is_the_text_again_without_its_marks() -> None:
    text = "\n\nselect '<b>' as x -- a & b\n"
    marked = highlight(text, "sql")
    assert '<i class="k">' in marked or "<i class=k>select</i>" in marked
    assert html.unescape(re.sub(r"</?i[^>]*>", "", marked)) == text


def test_engines_that_tie_are_marked(tmp_path: Path) -> None:
    cells = [
        Asked("q1", "polars", (0.1, 0.11, 0.12)),
        Asked("q1", "duckdb", (0.1, 0.11, 0.13)),
        Asked("q1", "pandas", (0.9, 0.91, 0.92)),
    ]
    text = text_of(page(tmp_path, document(cells)))
    assert "Of 1 query, DuckDB ties for best on 1; Polars ties for best on 1." in text
    assert text.count("≈1.00×") == 2 and "8.27×" in text


def test_two_versions_of_an_engine_have_their_own_columns(tmp_path: Path) -> None:
    older = {"polars": {**ENGINES["polars"], "version": "1.10.0"}}
    cell = Asked("q1", "polars", (0.1,))
    text = text_of(page(tmp_path, document([cell]), document([cell], engines=older)))
    assert "Polars 2.1.0" in text and "Polars 1.10.0" in text


def test_earlier_medians_of_a_cell_are_told(tmp_path: Path) -> None:
    old = document([Asked("q1", "polars", (0.7,))], started="2026-11-01T09:30:00+00:00")
    text = text_of(page(tmp_path, document([Asked("q1", "polars", (0.1,))]), old))
    assert "Earlier medians: Polars 0.700 s (2026-11-01 09:30 UTC)." in text


def test_several_machines_are_told_apart(tmp_path: Path) -> None:
    cell = Asked("q1", "polars", (0.1,))
    content = document([cell])
    other = document([cell], machine={**content["machine"], "name": "server"})
    text = text_of(page(tmp_path, content, other))
    assert "2 threads · laptop" in text and "2 threads · server" in text


def hostile() -> Document:
    cell = Asked("q1", "polars", (0.1,), program=HOSTILE, workload=HOSTILE, size=HOSTILE)
    gap = Asked("q1", "pandas", outcome="error", reason=HOSTILE, workload=HOSTILE, size=HOSTILE)
    engines = {name: {**engine, "label": HOSTILE} for name, engine in ENGINES.items()}
    sql = {"q1": HOSTILE}
    titles = {HOSTILE: HOSTILE, "q1": HOSTILE}
    return document([cell, gap], engines, titles, sql, command=HOSTILE)


def test_hostile_text_adds_no_element(tmp_path: Path) -> None:
    plain = document([Asked("q1", "polars", (0.1,)), Asked("q1", "pandas", outcome="error",
                                                           reason="x")])  # fmt: skip
    tags = [
        re.findall(r"<(script|img|iframe)\b", page(tmp_path, each)) for each in (plain, hostile())
    ]
    assert tags[0] == tags[1]
    assert "alert(1)" in text_of(page(tmp_path, hostile()))


def test_json_in_a_script_has_nothing_that_could_end_it() -> None:
    text = json_for_script({"a": HOSTILE})
    assert not re.search("[<>&\u2028\u2029]", text)
    assert json.loads(text) == {"a": HOSTILE}


def test_a_script_keeps_its_meaning_but_cannot_end_its_element() -> None:
    assert script('x = "</script><!--"') == 'x = "<\\/script><\\!--"'


def test_the_policy_names_each_script_by_its_hash_and_allows_no_request() -> None:
    policy = content_security_policy(["alert(1)"])
    assert "script-src 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='" in policy
    assert policy.startswith("default-src 'none'; ") and "unsafe-eval" not in policy


def test_a_page_of_a_thousand_cells_stays_below_3_megabytes(tmp_path: Path) -> None:
    content = realistic(("small", "medium", "large"), ("memory", "parquet", "csv"), rounds=7)
    assert len(content["cells"]) == 972
    path = build([write(tmp_path / "big.json", content)], tmp_path / "big.html")
    assert path.stat().st_size < 3_000_000


@pytest.mark.parametrize("word", ["http://", "https://", "src=", "@import"])
def test_the_page_of_our_own_text_loads_nothing(tmp_path: Path, word: str) -> None:
    markup = page(tmp_path, document(GAPS))
    ours = re.sub(r"<script\b.*?</script>", "", markup, flags=re.S)
    assert word not in ours.replace("img-src", "").replace("script-src", "")
