"""Whatever a damaged results file contains, it is left out with a note, and others are drawn."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from report.compare.changes import NothingInCommon, compare_runs
from report.errors import MalformedResults, ReportError
from report.page import output
from report.page.output import build
from report.read.frame import Results, load
from report.read.schema import read
from report.read.sources import newest
from report.words.ranking import ranking
from tests.support.results_factory import MACHINE, Asked, Document, document, write

GPU = {
    **{"peak_bytes": 2**30, "device_bytes": 2**31, "transfer_seconds": 0.5, "utilisation": 0.7},
    **{"temperature_c": 60.0, "sm_clock_mhz": 1900.0, "energy_joules": 3.5},
}
ENVIRONMENT = {
    "variables": {"OMP_NUM_THREADS": "2"},
    "governor": "performance",
    "disk": {"device": "sda", "filesystem": "ext4", "rotational": False},
    **{"quota_cores": 2.0, "memory_limit_bytes": 2**33, "load_before": 0.1, "load_during": 1.5},
}
NOISE = {"probe_seconds": [0.05] * 8, "moved": 0.01, "scattered": 0.02, "noisy": False}
GOOD = "a-machine-that-is-well"
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "40"))


def whole(**fields: Any) -> Document:
    """A results file in which every field is used."""
    seconds = [0.2, 0.1, 0.3, 0.25]
    cells = [
        Asked("q1", "polars", seconds),
        Asked("q1", "pandas", seconds[::-1]),
        Asked("q1", "duckdb", outcome="error", reason="it broke"),
        Asked("q2", "polars", seconds),
        Asked("q2", "pandas", outcome="timeout", reason="too slow"),
        Asked("q2", "duckdb", seconds),
    ]
    content = document(cells, environment=ENVIRONMENT, noise=NOISE, **fields)
    for entry in content["benchmarks"]:
        entry["extra_info"].update(
            {"turns": [0, 1, 2, 3], "processes": [0, 0, 1, 1], "interleaved": True, "loops": 1},
            **{"stopped": "sure", "cold_process": True, "caches_dropped": None, "gpu": GPU},
            **{"load_seconds": 1.5, "fallback_share": 0.25},
        )
    content["machine"] = {**MACHINE, "gpus": [{"name": "H100", "memory_bytes": 2**36}]}
    return json.loads(json.dumps(content))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    content = whole(started="2026-11-19T09:30:00+00:00")
    content["machine"]["name"] = GOOD
    return write(tmp_path_factory.mktemp("good") / "good.json", content)


def drawn_beside(bad: Path, good: Path, folder: Path) -> list[str]:
    """Draws a page of both files; the good one must be on it. Returns notes on files left out."""
    notes: list[str] = []
    page = build([bad, good], folder / "page.html", tell=notes.append).read_text()
    assert GOOD in page
    assert all(note.startswith(f"left out {bad}: ") and "\n" not in note for note in notes)
    assert all(("Files left out" in page, bad.name in page)) or not notes
    return notes


def test_what_rounding_leaves_of_equal_times_is_no_time(good: Path, tmp_path: Path) -> None:
    """CPU seconds are differences of sums: 0.1 + 0.2 - 0.3 is 5.6e-17, which counts as no time."""
    content = whole()
    content["benchmarks"][0]["extra_info"]["cpu_seconds"][0] = 0.1 + 0.2 - 0.3
    bad = write(tmp_path / "rounded.json", content)
    assert drawn_beside(bad, good, tmp_path) == []
    assert read(bad).benchmarks[0].extra_info.cpu_seconds[0] == 0.0


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


DAMAGES: dict[str, tuple[str, Any]] = {
    "a turn beyond 32 bits": ("benchmarks/0/extra_info/turns/0", 2**40),
    "cores without number": ("machine/logical_cores", 10**400),
    "a date that is none": ("started", "9999-12-31T23:59:59+00:00"),
    "a date west of all": ("finished", "9999-12-31T23:59:59-14:00"),
    "a date before all": ("started", "0001-01-01T00:00:00+14:00"),
    "no number": ("benchmarks/0/stats/data/0", float("nan")),
    "infinity": ("benchmarks/0/stats/data/0", float("inf")),
    "beyond a float": ("noise/moved", 1e308),
    "a negative time": ("benchmarks/0/extra_info/cpu_seconds/0", -5e-324),
    "a deep nesting": ("environment/variables", nested(10_000)),
    "a mapping for a list": ("benchmarks", {"0": {}}),
    "a list for a mapping": ("workloads", [1]),
    "no rows": ("benchmarks/0/extra_info/rows", -(2**70)),
    "negative probes": ("noise/probe_seconds", [-1.0] * 8),
    "half a character": ("machine/name", "\ud800"),
    "a version of 6,000 digits": ("format_version", 10**4000),
    "a message of a megabyte": ("cells/0/query", "q" * 2**20),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_costs_itself_only(good: Path, tmp_path: Path, damage: str) -> None:
    place, value = DAMAGES[damage]
    content = whole()
    put(content, [int(p) if p.isdecimal() else p for p in place.split("/")], value)
    (note,) = drawn_beside(written(tmp_path / "bad.json", content), good, tmp_path)
    assert len(note) < 800
    with pytest.raises(ReportError):
        read(tmp_path / "bad.json")


@pytest.mark.parametrize("kind", ["folder", "pipe", "bytes", "nothing", "endless", "dense"])
def test_what_is_no_file_of_results_costs_itself_only(
    good: Path, tmp_path: Path, kind: str
) -> None:
    bad = tmp_path / "bad.json"
    make = {
        "folder": bad.mkdir,
        "pipe": lambda: os.mkfifo(bad),
        "bytes": lambda: bad.write_bytes(random.Random(0).randbytes(5000)),
        "nothing": bad.touch,
        "endless": lambda: (bad.touch(), os.truncate(bad, 2**40)),
        "dense": lambda: bad.write_text(f"[{'[],' * 6_000_000}0]"),
    }
    make[kind]()
    assert len(drawn_beside(bad, good, tmp_path)) == 1


def test_what_is_read_and_cannot_be_drawn_costs_itself_only(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = output.render

    def render(results: Results, *arguments: Any) -> str:
        if any("bad" in str(run.path) for run in results.runs):
            raise OverflowError("nobody thought of this")
        return real(results, *arguments)

    monkeypatch.setattr(output, "render", render)
    bad = write(tmp_path / "bad.json", whole())
    (note,) = drawn_beside(bad, good, tmp_path)
    assert note == f"left out {bad}: cannot be drawn (OverflowError: nobody thought of this)"
    with pytest.raises(MalformedResults, match="nobody thought of this"):
        build([bad], tmp_path / "page.html")


def test_files_that_cannot_be_drawn_together_lose_the_oldest(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = output.render

    def render(results: Results, *arguments: Any) -> str:
        if len(results.runs) > 2:
            raise ZeroDivisionError
        return real(results, *arguments)

    monkeypatch.setattr(output, "render", render)
    times = {"old": "2026-11-01T09:30:00+00:00", "new": "2026-11-25T09:30:00+00:00"}
    old, new = (write(tmp_path / f"{n}.json", whole(started=t)) for n, t in times.items())
    notes: list[str] = []
    build([old, good, new], tmp_path / "page.html", tell=notes.append)
    assert notes == [f"left out {old}: cannot be drawn (ZeroDivisionError)"]


Place = list[str | int]


def places(value: Any, above: tuple[str | int, ...] = ()) -> Iterator[Place]:
    """Yields the path of every value in a JSON document: the keys and indices that lead to it."""
    items = value.items() if isinstance(value, dict) else []
    items = enumerate(value) if isinstance(value, list) else items
    for key, below in items:
        yield [*above, key]
        yield from places(below, (*above, key))


def put(content: Any, place: Place, value: Any) -> None:
    *above, last = place
    for key in above:
        content = content[key]
    content[last] = value


def written(path: Path, content: Any) -> Path:
    """Writes a value as JSON, also lists too deep and integers too long for ``json.dumps``."""
    deep = json.dumps(nested(900))
    marked = json.dumps(_marked(content))
    text = marked.replace('"\\u0000deep"', f"{'[' * 9100}{deep}{']' * 9100}")
    path.write_text(text.replace('"\\u0000huge"', f"1{'0' * 6000}"))
    return path


def _marked(value: Any) -> Any:
    """Returns the value with a text in place of lists too deep, and integers too long, for JSON."""
    if isinstance(value, int) and abs(value) >= 10**4000:
        return "\0huge"
    if isinstance(value, dict):
        return {key: _marked(item) for key, item in value.items()}
    if isinstance(value, list):
        return "\0deep" if _is_deep(value) else [_marked(item) for item in value]
    return value


def _is_deep(value: Any) -> bool:
    for _ in range(500):
        if not isinstance(value, list) or not value:
            return False
        value = value[0]
    return True


VALUES = st.one_of(
    st.sampled_from([value for _, value in DAMAGES.values()]),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([[], {}, [[]], [{}], {"": None}, 0, 0.0, 1e-12, 1e9, 2**31 - 1, 2**53, 1e15]),
    st.sampled_from(["2199-12-31T23:59:59+00:00", "2000-01-01T00:00:00+00:00", "ok", "\0", "<b>"]),
)
PLACES = list(places(whole()))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3))
def test_whatever_values_a_file_has_the_others_are_drawn(
    good: Path, tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[Place, Any]]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    content = whole()
    for place, value in changes:
        try:
            put(content, place, copy.copy(value))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took away what was above
    bad = written(folder / "bad.json", content)
    notes = drawn_beside(bad, good, folder)
    try:
        load([bad])
    except ReportError:
        assert len(notes) == 1
    else:
        assert not any("cannot be drawn" in note for note in notes), notes
        ranking(bad)
        with contextlib.suppress(NothingInCommon):
            compare_runs(newest(good), newest(bad))


@settings(max_examples=EXAMPLES // 3, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_file_that_is_cut_or_has_other_bytes_costs_itself_only(
    good: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    text = bytearray(json.dumps(whole()).encode())
    end = data.draw(st.integers(0, len(text)))
    for at in data.draw(st.lists(st.integers(0, len(text) - 1), max_size=3)):
        text[at] = data.draw(st.integers(0, 255))
    bad = tmp_path_factory.getbasetemp() / "cut.json"
    bad.write_bytes(text[:end])
    drawn_beside(bad, good, bad.parent)
