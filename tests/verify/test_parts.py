"""Large answers, compared part by part, get the verdict of a comparison as a whole."""

from __future__ import annotations

import math
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.answer import NAN_IS_NULL, AnswerSpec, SortKey
from harness.types import Column, Type
from harness.verify.compare import compare
from harness.verify.parts import compare_in_parts, is_large

ROWS = 1000
WIDE = pa.decimal128(38, 0)
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
    if file.suffix == ".parquet":
        pq.write_table(content, file, row_group_size=rows)
        return file
    with pa.OSFile(str(file), "wb") as out, pa.ipc.new_file(out, content.schema) as writer:
        writer.write_table(content, max_chunksize=rows)
    return file


def told(
    given: dict[str, Any], right: dict[str, Any], folder: Path, spec: AnswerSpec = SPEC
) -> str | None:
    """Returns why an answer is wrong, compared by parts, or None.

    Checks that a comparison of the whole agrees on whether it is wrong.
    """
    with tempfile.TemporaryDirectory(dir=folder) as name:
        place = Path(name)
        files = written(given, place / "given.parquet"), written(right, place / "right.arrow", 170)
        assert is_large(*files, part_rows=100)
        reason = compare_in_parts(*files, spec, place / "parts", part_rows=100)
    whole = compare(pa.table(given), pa.table(right), spec)
    assert (reason is None) == (whole is None), (reason, whole)
    return reason


def reasons(given: dict[str, Any], folder: Path) -> tuple[str | None, str | None]:
    """Returns why an answer is wrong, or None: compared by parts, and as a whole."""
    files = written(given, folder / "given.arrow"), written(table(), folder / "right.arrow", 170)
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


FLOATS = AnswerSpec((Column("x", Type.FLOAT64), Column("y", Type.FLOAT64)), "select")
FEW = AnswerSpec((Column("s", Type.STRING), Column("b", Type.BOOLEAN)), "select")
DAYS = AnswerSpec((Column("d", Type.DATE), Column("x", Type.FLOAT64)), "select")
SUMS = AnswerSpec((Column("n", Type.INT64), Column("x", Type.FLOAT64)), "select")


def of_kind(spec: AnswerSpec) -> dict[str, Any]:
    random = np.random.default_rng(3)
    made: dict[str, Any] = {
        "x": list(random.random(ROWS)),
        "y": [None if value < 0.1 else float(value) for value in random.random(ROWS)],
        "s": [f"text {value}" for value in random.integers(0, 3, ROWS)],
        "b": [bool(value) for value in random.integers(0, 2, ROWS)],
        "d": [date(2020, 1, 1) + timedelta(int(value)) for value in random.integers(0, 300, ROWS)],
        "n": pa.array([2**70 if v == 7 else int(v) for v in random.integers(0, 99, ROWS)], WIDE),
    }
    return {name: made[name] for name in spec.columns}


@pytest.mark.parametrize("spec", [FLOATS, FEW, DAYS, SUMS], ids=["floats", "few", "days", "sums"])
def test_a_planted_difference_is_seen_whatever_the_columns(
    tmp_path: Path, spec: AnswerSpec
) -> None:
    right = of_kind(spec)
    table = pa.table(right)
    shuffled = table.take(pa.array(np.random.default_rng(1).permutation(ROWS)))
    assert told(dict_of(shuffled), right, tmp_path, spec) is None
    fewer = shuffled.slice(1)
    twice = pa.concat_tables([fewer, shuffled.slice(500, 1)])
    assert str(told(dict_of(fewer), right, tmp_path, spec)).startswith("999 rows, expected 1000")
    assert told(dict_of(twice), right, tmp_path, spec) is not None
    for place, name in enumerate(table.column_names):
        other = shuffled.column(place).to_pylist()
        value = next(one for one in other if one is not None)
        other[400] = value * (1 + 1e-3) if isinstance(value, float) else None
        column = pa.array(other, table.schema.types[place])
        wrong = dict_of(shuffled.set_column(place, name, column))
        assert told(wrong, right, tmp_path, spec) is not None


def test_floats_that_differ_by_rounding_are_alike_without_other_columns(tmp_path: Path) -> None:
    right = of_kind(FLOATS)
    near = [None if value is None else value * (1 + 1e-13) for value in right["y"]]
    assert told({"x": right["x"][::-1], "y": near[::-1]}, right, tmp_path, FLOATS) is None


def test_null_is_not_nan_unless_the_engine_uses_it_as_null(tmp_path: Path) -> None:
    right = of_kind(FLOATS)
    given = {"x": right["x"], "y": [math.nan if one is None else one for one in right["y"]]}
    assert "NULL" in str(told(given, right, tmp_path, FLOATS))
    fields = [pa.field("x", pa.float64()), pa.field("y", pa.float64(), metadata=NAN_IS_NULL)]
    content = pa.table(given).cast(pa.schema(fields))
    files = tmp_path / "given.arrow", written(right, tmp_path / "right.arrow")
    with pa.OSFile(str(files[0]), "wb") as out, pa.ipc.new_file(out, content.schema) as writer:
        writer.write_table(content)
    assert compare_in_parts(*files, FLOATS, tmp_path / "parts", part_rows=100) is None


def in_order() -> dict[str, Any]:
    """Returns the table sorted by k, NULLs last."""
    return dict_of(pa.table(table()).sort_by([("k", "ascending"), ("x", "ascending")]))


def test_rows_in_order_may_swap_only_with_those_that_tie(tmp_path: Path) -> None:
    ordered = AnswerSpec(SPEC.schema, "select", order=(SortKey("k"),))
    right = in_order()
    tied = next(p for p in range(500, ROWS) if same(right["k"], p))
    apart = next(p for p in range(500, ROWS) if not same(right["k"], p))
    assert told(swapped(right, tied), right, tmp_path, ordered) is None
    reason = told(swapped(right, apart), right, tmp_path, ordered)
    assert str(reason).startswith((f"row {apart + 1} ", f"row {apart + 2} "))


def test_a_row_out_of_order_among_near_floats_is_seen(tmp_path: Path) -> None:
    """Floats so near each other tie; only that the answer itself is not sorted shows the fault."""
    ordered = AnswerSpec(FLOATS.schema, "select", order=(SortKey("x"),))
    right = {"x": [1 + place * 1e-8 for place in range(ROWS)], "y": [0.0] * ROWS}
    assert told(right, right, tmp_path, ordered) is None
    far = {"x": list(right["x"]), "y": right["y"]}
    far["x"][100], far["x"][300] = far["x"][300], far["x"][100]
    reason = told(far, right, tmp_path, ordered)
    assert reason == compare(pa.table(far), pa.table(right), ordered)
    assert str(reason).startswith("row 102 is out of order")


def test_a_folder_of_files_is_read_as_one_answer(tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    for place in range(4):
        part = pa.table(shuffled(table())).slice(place * 250, 250)
        pq.write_table(part, tmp_path / "given" / f"part.{place}.parquet")
    right = written(table(), tmp_path / "right.arrow")
    files = tmp_path / "given", right
    assert is_large(*files, part_rows=100)
    assert compare_in_parts(*files, SPEC, tmp_path / "parts", part_rows=100) is None


def test_texts_in_a_dictionary_are_alike(tmp_path: Path) -> None:
    given = shuffled(table())
    given["s"] = pa.array(given["s"]).dictionary_encode()
    assert verdicts(given, tmp_path) == (True, True)


def same(values: Any, place: int) -> bool:
    return bool(values[place].as_py() == values[place + 1].as_py())


def dict_of(content: pa.Table) -> dict[str, Any]:
    return dict(zip(content.column_names, content.columns, strict=True))


def swapped(data: dict[str, Any], place: int) -> dict[str, Any]:
    """Returns the data with the rows at ``place`` and after it swapped."""
    order = list(range(ROWS))
    order[place], order[place + 1] = order[place + 1], order[place]
    return dict_of(pa.table(data).take(pa.array(order)))
