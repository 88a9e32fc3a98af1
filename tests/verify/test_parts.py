"""Large answers, compared part by part: the same verdict as of the whole, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from harness.answer import AnswerSpec, SortKey
from harness.types import Column, Type
from harness.verify.compare import compare
from harness.verify.parts import can_be_cut, compare_in_parts

ROWS = 1000
SPEC = AnswerSpec(
    (Column("k", Type.INT64), Column("s", Type.STRING), Column("x", Type.FLOAT64)), "select"
)


def table() -> dict[str, Any]:
    random = np.random.default_rng(7)
    keys = [None if key == 3 else int(key) for key in random.integers(0, 200, ROWS)]
    texts = [f"text {value}" for value in random.integers(0, 5, ROWS)]
    return {"k": keys, "s": texts, "x": list(random.random(ROWS))}


def written(data: dict[str, Any], file: Path, rows: int = 300) -> Path:
    content = pa.table(data)
    with pa.OSFile(str(file), "wb") as out, pa.ipc.new_file(out, content.schema) as writer:
        writer.write_table(content, max_chunksize=rows)
    return file


def reasons(given: dict[str, Any], folder: Path) -> tuple[str | None, str | None]:
    """Why an answer is wrong: by parts, and as a whole."""
    files = written(given, folder / "given.arrow"), written(table(), folder / "right.arrow", 170)
    assert can_be_cut(*files, SPEC, part_rows=100)
    by_parts = compare_in_parts(*files, SPEC, folder / "parts", part_rows=100)
    return by_parts, compare(pa.table(given), pa.table(table()), SPEC)


def verdicts(given: dict[str, Any], folder: Path) -> tuple[bool, bool]:
    by_parts, whole = reasons(given, folder)
    return by_parts is None, whole is None


def shuffled(data: dict[str, Any]) -> dict[str, Any]:
    order = np.random.default_rng(1).permutation(ROWS)
    return {name: [values[place] for place in order] for name, values in data.items()}


def changed(column: str, place: int, value: Any) -> dict[str, Any]:
    data = table()
    data[column][place] = value
    return shuffled(data)


def test_rows_in_another_order_are_alike(tmp_path: Path) -> None:
    assert verdicts(shuffled(table()), tmp_path) == (True, True)
    assert list((tmp_path / "parts").rglob("*.arrow")) == []


def test_integers_of_another_width_lie_in_the_same_parts(tmp_path: Path) -> None:
    given = shuffled(table())
    given["k"] = pa.array(given["k"], pa.int32())
    assert verdicts(given, tmp_path) == (True, True)


def test_floats_within_the_tolerance_are_alike(tmp_path: Path) -> None:
    near = shuffled(table())
    near["x"] = [value * (1 + 1e-9) for value in near["x"]]
    assert verdicts(near, tmp_path) == (True, True)


@pytest.mark.parametrize(
    ("column", "place", "value"),
    [("k", 5, 999), ("k", 5, None), ("s", 700, "another"), ("x", 999, 2.0), ("x", 0, None)],
)
def test_one_wrong_value_is_seen(tmp_path: Path, column: str, place: int, value: Any) -> None:
    assert verdicts(changed(column, place, value), tmp_path) == (False, False)


def test_a_row_twice_in_the_place_of_another_is_seen(tmp_path: Path) -> None:
    data = table()
    for values in data.values():
        values[10] = values[20]
    assert verdicts(shuffled(data), tmp_path) == (False, False)


def test_a_column_of_the_wrong_type_is_seen(tmp_path: Path) -> None:
    given = shuffled(table())
    given["s"] = list(range(ROWS))
    assert verdicts(given, tmp_path) == (False, False)


def test_the_difference_is_told_as_of_the_whole(tmp_path: Path) -> None:
    by_parts, whole = reasons(changed("x", 999, 2.0), tmp_path)
    assert by_parts == whole and by_parts is not None
    assert "column 'x': 2.0, expected 0." in by_parts


def test_rows_that_are_missing_are_counted_over_all_parts(tmp_path: Path) -> None:
    given = {name: values[:-1] for name, values in table().items()}
    by_parts, whole = reasons(given, tmp_path)
    assert by_parts == whole and str(by_parts).startswith("999 rows, expected 1000; missing: ")


@pytest.mark.parametrize("why", ["an order", "no integers", "a dictionary", "few rows"])
def test_what_cannot_be_cut_is_left_to_the_whole(tmp_path: Path, why: str) -> None:
    given, right, spec, size = table(), table(), SPEC, 100
    if why == "an order":
        spec = AnswerSpec(SPEC.schema, "select", order=(SortKey("x"),))
    if why == "no integers":
        del given["k"], right["k"]
    if why == "a dictionary":
        given["s"] = pa.array(given["s"]).dictionary_encode()
    if why == "few rows":
        size = ROWS
    files = written(given, tmp_path / "given.arrow", ROWS), written(right, tmp_path / "right.arrow")
    assert not can_be_cut(*files, spec, size)
