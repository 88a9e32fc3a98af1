"""The page as it is built: what it says without scripts, and how it holds hostile text."""

from __future__ import annotations

import base64
import html
import json
import math
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from report.page.embed import content_security_policy, json_for_script, script
from report.page.page import render
from report.read.frame import load
from tests.support.results_factory import ENGINES, Asked, Document, document, write

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


def outline(markup: str) -> dict[str, Any]:
    found = re.search(r'id="outline">(.*?)</script>', markup)
    assert found is not None
    return dict(json.loads(found[1]))


def block(markup: str, name: str) -> tuple[list[Any], bytes]:
    """Returns a block of a page's data: its columns as declared, and its unpacked bytes."""
    found = re.search(rf'id="{name}" data-columns="(.*?)">(.*?)</script>', markup)
    assert found is not None
    return json.loads(html.unescape(found[1])), zlib.decompress(base64.b64decode(found[2]))


def numbers(markup: str, name: str) -> dict[str, Any]:
    columns, raw = block(markup, name)
    types = {"Float64Array": "<f8", "Float32Array": "<f4", "Int32Array": "<i4"}
    found, offset = {}, 0
    for column, kind, length in columns:
        found[column] = np.frombuffer(raw, types[kind], length, offset).tolist()
        offset += length * np.dtype(types[kind]).itemsize
    assert offset == len(raw)
    return found


def texts(markup: str) -> dict[str, Any]:
    return dict(json.loads(block(markup, "texts")[1]))


def test_numbers_lie_in_columns_by_cell(tmp_path: Path) -> None:
    slow = Asked("q1", "pandas", (4.0, 5.0, 6.0), cores=2.0, cold_seconds=9.0)
    markup = page(tmp_path, document([Asked("q1", "polars", (1.0, 2.0, 3.0)), slow, *GAPS[4:5]]))
    cells, rounds = numbers(markup, "cells"), numbers(markup, "rounds")
    assert (cells["median"][:2], cells["cold"][:2]) == ([2.0, 5.0], [1.5, 9.0])
    assert math.isnan(cells["median"][2])
    assert rounds["rounds"] == [3, 3, 0]
    assert rounds["seconds"] == [1, 2, 3, 4, 5, 6]
    assert rounds["cpu_seconds"] == [1, 2, 3, 8, 10, 12]


def test_the_first_answer_is_a_metric_where_starts_were_recorded(tmp_path: Path) -> None:
    content = document([Asked("q1", "polars", (1.0, 2.0, 3.0), cold_seconds=4.0)])
    assert '<option value="first"' not in page(tmp_path / "old", content)
    content["benchmarks"][0]["extra_info"] |= {"start_seconds": 0.5, "load_seconds": 0.25}
    markup = page(tmp_path / "new", content)
    assert '<option value="first"' in markup and numbers(markup, "cells")["first"] == [4.75]


def test_an_interrupted_run_says_so(tmp_path: Path) -> None:
    assert "is not complete" in text_of(page(tmp_path, document(GAPS, interrupted=True)))


def test_programs_are_kept_exactly_as_they_were_run(tmp_path: Path) -> None:
    program = 'def query(t):\n    return t("<a> & b")  # "quoted"\n\n'
    kept = texts(page(tmp_path, document([Asked("q1", "polars", (0.1,), program=program)])))
    assert [each["text"] for each in kept["programs"]] == [program]


def test_two_versions_of_an_engine_have_their_own_columns(tmp_path: Path) -> None:
    older = {"polars": {**ENGINES["polars"], "version": "1.10.0"}}
    cell = Asked("q1", "polars", (0.1,))
    text = text_of(page(tmp_path, document([cell]), document([cell], engines=older)))
    assert "Polars 2.1.0" in text and "Polars 1.10.0" in text


def test_earlier_medians_of_a_cell_are_kept(tmp_path: Path) -> None:
    old = document([Asked("q1", "polars", (0.7,))], started="2026-11-01T09:30:00+00:00")
    markup = page(tmp_path, document([Asked("q1", "polars", (0.1,))]), old)
    older, runs = numbers(markup, "older"), outline(markup)["runs"]
    assert (older["task"], older["engine"], older["median"]) == ([0], [0], [0.7])
    assert [runs[at]["label"] for at in older["run"]] == ["2026-11-01 09:30"]
    assert [runs[at]["label"] for at in numbers(markup, "cells")["run"]] == ["2026-11-20 09:30"]


def test_several_machines_are_told_apart(tmp_path: Path) -> None:
    cell = Asked("q1", "polars", (0.1,))
    content = document([cell])
    other = document([cell], machine={**content["machine"], "name": "server"})
    labels = [each["label"] for each in outline(page(tmp_path, content, other))["settings"]]
    assert {label.split(" · ")[-1] for label in labels} == {"laptop", "server"}


def test_what_only_some_runs_record_is_kept_where_it_is(tmp_path: Path) -> None:
    content = document([Asked("q1", "polars", (0.1,)), Asked("q1", "duckdb", (0.1,))])
    info = content["benchmarks"][1]["extra_info"]
    info |= {"stopped": "budget", "load_seconds": 2.5, "gpu": {"peak_bytes": 7}}
    info |= {"input_bytes": 4 * 10**6, "input_rows": 2 * 10**6, "peak_bytes": 6 * 10**6}
    markup = page(tmp_path, content)
    names = [each["name"] for each in outline(markup)["extras"]]
    rates = ["input_bytes", "input_rate", "input_rows_rate", "peak_share"]
    assert names == ["stopped", "load_seconds", *rates, "gpu_peak_bytes"]
    duckdb = numbers(markup, "cells")["engine"].index(
        next(at for at, e in enumerate(outline(markup)["engines"]) if e["name"] == "duckdb")
    )
    shown = [1.0, 2.5, 4e6, 40.0, 20.0, 1.5, 7.0]
    assert [numbers(markup, "cells")[name][duckdb] for name in names] == pytest.approx(shown)
    assert [each["gpu"] for each in outline(markup)["engines"] if each["name"] == "duckdb"] == [
        True
    ]


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


@pytest.mark.parametrize("word", ["http://", "https://", "src=", "@import"])
def test_the_page_of_our_own_text_loads_nothing(tmp_path: Path, word: str) -> None:
    markup = page(tmp_path, document(GAPS))
    ours = re.sub(r"<script\b.*?</script>", "", markup, flags=re.S)
    assert word not in ours.replace("img-src", "").replace("script-src", "")
