"""Functions of a script, and what they use, are compared in processes of engines."""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import harness
from harness.commands import notebook
from harness.commands.function_source import source_of
from harness.commands.notebook import Benchmarked
from harness.errors import HarnessError
from harness.machine.pytest_run import Ended

LEAST = 1.5
FRAME = pd.DataFrame({"k": [1]})
Tables = Callable[[str], Any]


def kept(frame: Any) -> Any:
    return frame[frame["x"] > LEAST]


def counted(t: Tables) -> Any:
    return kept(t("t")).groupby("k", as_index=False).agg(n=("x", "size"))


def by_arrow(t: Tables) -> Any:
    return kept_rows(t("t")).group_by("k").aggregate([("x", "count")]).rename_columns(["k", "n"])


def kept_rows(table: Any) -> Any:
    import pyarrow.compute as pc

    return table.filter(pc.field("x") > LEAST)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Benchmarked:
    folder = tmp_path_factory.mktemp("functions")
    another = folder / "results" / "machine" / "2040-01-01T000000Z.json"
    another.parent.mkdir(parents=True)
    another.write_text("{}")
    os.utime(another, (2**31, 2**31))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENGINEBENCH_CACHE", str(folder))
        patch.setenv("PYTEST_ADDOPTS", "--benchmark-max-time=0.01 --benchmark-min-rounds=2")
        compared: Benchmarked = harness.compare_functions(
            {"pandas": counted, "pyarrow": by_arrow},
            {"t": pd.DataFrame({"k": [1, 1, 2], "x": [1.0, 2.0, 3.0]})},
            budget="1s",
            results=folder / "results",
        )
    return compared


def test_functions_are_compared_and_checked(found: Benchmarked) -> None:
    frame = found.frame
    assert frame["engine"].to_list() == ["pandas: counted", "PyArrow: by_arrow"]
    assert frame["outcome"].to_list() == ["ok", "ok"], frame["reason"]
    assert frame["ratio"].min() == 1.0 and (frame["seconds"] > 0).all()
    assert "pandas: counted" in repr(found) and found.text in repr(found)
    assert found.page.is_file()


def test_the_results_are_those_of_its_own_run(found: Benchmarked) -> None:
    assert len([*found.page.parent.glob("*/*.json")]) == 2
    assert found.path.name.startswith("20") and not found.path.name.startswith("2040")


def test_a_notebook_shows_sentences_a_picture_and_the_table(found: Benchmarked) -> None:
    shown = found._repr_html_()
    assert shown.count("<svg") == 1 and "<td>PyArrow: by_arrow</td>" in shown
    assert "<script" not in shown and "https://cdn" not in shown


def test_a_run_that_measures_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(arguments: list[str]) -> Ended:
        return Ended(4, f"ERROR: not found: {arguments[5]}", None)

    monkeypatch.setattr(notebook, "run_pytest", run)
    with pytest.raises(
        HarnessError, match=r"nothing was measured:\nERROR: not found: no-such.yaml"
    ):
        harness.benchmark("no-such.yaml")


def test_a_source_has_what_the_function_uses() -> None:
    limit = datetime.timedelta(1)

    def inner(t: Tables) -> Any:
        return math.floor(LEAST), counted(t), limit, [inner for _ in range(2)]

    namespace: dict[str, Any] = {}
    exec(source_of(inner), {}, namespace)
    assert "import math as math" in source_of(inner)
    assert source_of(inner).index("LEAST = 1.5") < source_of(inner).index("def kept")
    assert {"limit", "LEAST", "kept", "counted", "inner"} <= set(namespace)


def test_what_cannot_be_passed_on_is_named() -> None:
    def uses_a_frame(t: Tables) -> Any:
        return FRAME

    with pytest.raises(HarnessError, match="'uses_a_frame' uses 'FRAME', a DataFrame"):
        source_of(uses_a_frame)
    with pytest.raises(HarnessError, match="write it with def"):
        source_of(lambda t: t)


def test_a_source_has_default_values_and_no_global_that_only_shares_a_method_s_name() -> None:
    def with_default(t: Tables, least: float = LEAST) -> Any:
        return t("t").FRAME().head(least)

    namespace: dict[str, Any] = {}
    exec(source_of(with_default), {}, namespace)
    assert namespace.keys() == {"LEAST", "with_default"}


def test_functions_of_one_name_are_two_programs(tmp_path: Path) -> None:
    native = notebook._written({"pandas": [counted, counted]}, tmp_path)
    assert native == {"pandas": ["pandas/counted.py:counted", "pandas/counted_.py:counted"]}


ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)
NOT_A_NUMBER = float("nan")


def test_values_without_a_literal() -> None:
    def uses_nan(t: Tables) -> Any:
        return NOT_A_NUMBER

    def uses_endless(t: Tables) -> Any:
        return ENDLESS

    def uses_nothing_yet(t: Tables) -> Any:
        return later

    assert "NOT_A_NUMBER = float('nan')" in source_of(uses_nan)
    with pytest.raises(HarnessError, match="'ENDLESS', a list, which another process cannot"):
        source_of(uses_endless)
    with pytest.raises(HarnessError, match="uses a name that has no value yet"):
        source_of(uses_nothing_yet)
    later = 1
