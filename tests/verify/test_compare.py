"""Which answers are right or wrong, and the messages on wrong ones."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.answer import NAN_IS_NULL, AnswerSpec, SortKey
from harness.errors import HarnessError
from harness.types import Column, Type
from harness.verify.compare import compare
from harness.verify.matching import unmatched
from harness.verify.rows import encode

NAN = float("nan")


def spec(*names: str, order: tuple[SortKey, ...] = (), **rest: Any) -> AnswerSpec:
    schema = tuple(Column(name, Type.INT64) for name in names)
    return AnswerSpec(schema, "select", order=order, **rest)


def judge(answer: Any, reference: Any, *order: SortKey, **rest: Any) -> str | None:
    """Returns why an answer is wrong, or None; answer and reference are columns or tables."""
    ours, theirs = pa.table(reference), pa.table(answer)
    widened = rest.pop("widened", False)
    names = [name for name in ours.column_names if name != "__rank"]
    return compare(theirs, ours, spec(*names, order=order, **rest), widened)


# Columns and types


def test_an_equal_answer_is_right() -> None:
    assert judge({"k": [1, 2], "s": ["a", None]}, {"k": [1, 2], "s": ["a", None]}) is None


def test_column_names_are_spelt_and_placed_as_in_the_query() -> None:
    assert judge({"k": [1], "total": [2]}, {"k": [1], "sum_total": [2]}) == (
        "column 2 is 'total', expected 'sum_total'"
    )
    assert judge({"b": [1], "a": [2]}, {"a": [2], "b": [1]}) == "column 1 is 'b', expected 'a'"


def test_a_column_too_few_is_named() -> None:
    assert judge({"k": [1]}, {"k": [1], "n": [1]}) == (
        "1 columns, expected 2; missing: 'n'; unexpected: none"
    )


ALIKE = {
    "integers of any width": (pa.array([1, None], pa.int8()), pa.array([1, None], pa.int64())),
    "unsigned integers": (pa.array([1], pa.uint64()), pa.array([1], pa.int32())),
    "decimals without a scale": (
        pa.array([decimal.Decimal(5)], pa.decimal128(38, 0)),
        pa.array([5], pa.int64()),
    ),
    "integers beyond 64 bits": (
        pa.array([decimal.Decimal(10**25)], pa.decimal128(38, 0)),
        pa.array([decimal.Decimal(10**25)], pa.decimal256(40, 0)),
    ),
    "32-bit floats": (pa.array([0.1], pa.float32()), pa.array([0.1], pa.float64())),
    "decimals with a scale": (
        pa.array([decimal.Decimal("12.50")], pa.decimal128(9, 2)),
        pa.array([12.5], pa.float64()),
    ),
    "large strings": (pa.array(["a"], pa.large_string()), pa.array(["a"], pa.string())),
    "string views": (pa.array(["a", None], pa.string_view()), pa.array(["a", None])),
    "dictionaries": (pa.array(["a", None, "a"]).dictionary_encode(), pa.array(["a", None, "a"])),
    "seconds and nanoseconds": (
        pa.array([1], pa.timestamp("s")),
        pa.array([10**9], pa.timestamp("ns")),
    ),
    "64-bit dates": (
        pa.array([datetime.date(2020, 1, 2)], pa.date64()),
        pa.array([datetime.date(2020, 1, 2)], pa.date32()),
    ),
    "no type at all, where all is NULL": (pa.nulls(2), pa.array([None, None], pa.string())),
}


@pytest.mark.parametrize("pair", ALIKE.values(), ids=ALIKE.keys())
def test_types_of_one_kind_are_alike(pair: tuple[Any, Any]) -> None:
    left, right = pair
    assert judge({"x": left}, {"x": right}) is None
    assert judge({"x": right}, {"x": left}) is None


UNLIKE = {
    "column 'x' is float, expected integer": ([1.0], [1]),
    "column 'x' is integer, expected float": ([1], [1.0]),
    "column 'x' is string, expected integer": (["1"], [1]),
    "column 'x' is integer, expected boolean": ([1], [True]),
    "column 'x' is timestamp, expected date": (
        [datetime.datetime(2020, 1, 1, 12)],
        [datetime.date(2020, 1, 1)],
    ),
    "column 'x' is date, expected timestamp": (
        [datetime.date(2020, 1, 1)],
        [datetime.datetime(2020, 1, 1)],
    ),
    "column 'x' is timestamp[us, tz=UTC], expected timestamp": (
        pa.array([0], pa.timestamp("us", "UTC")),
        pa.array([0], pa.timestamp("us")),
    ),
}


@pytest.mark.parametrize("reason", UNLIKE)
def test_types_of_different_kinds_are_told(reason: str) -> None:
    answer, reference = UNLIKE[reason]
    assert judge({"x": answer}, {"x": reference}) == reason


def test_midnights_may_stand_for_dates() -> None:
    days = [datetime.date(2020, 1, 1), None]
    midnights = [datetime.datetime(2020, 1, 1), None]
    assert judge({"d": midnights}, {"d": days}) is None


def test_a_reference_that_cannot_be_compared_says_what_to_do() -> None:
    with pytest.raises(HarnessError, match="cast it in the query"):
        judge({"x": [1]}, {"x": [[1]]})


# Values


def test_a_wrong_value_is_named_with_its_row_and_column() -> None:
    assert judge({"k": [1, 2], "mean": [0.5, 12.5]}, {"k": [1, 2], "mean": [0.5, 12.25]}) == (
        "row 2, column 'mean': 12.5, expected 12.25"
    )


def test_a_float_may_differ_by_the_tolerance_and_no_more() -> None:
    reference = {"x": [1e6, 0.0]}
    assert judge({"x": [1e6 + 0.9, 1e-10]}, reference) is None
    assert judge({"x": [1e6 + 1.1, 0.0]}, reference) is not None
    assert judge({"x": [1e6, 1e-8]}, reference) is not None
    assert judge({"x": [1e6 + 1.1, 0.0]}, reference, tolerance=1e-5) is None


def test_nan_is_null_in_columns_that_cannot_tell_them_apart() -> None:
    marked = pa.schema([pa.field("x", pa.float64(), metadata=NAN_IS_NULL)])
    answer = pa.table([pa.array([None, 1.0, None])], schema=marked)
    assert judge(answer, {"x": [NAN, 1.0, None]}) is None
    assert judge(answer, {"x": [NAN, 2.0, None]}) == "row 2, column 'x': 1.0, expected 2.0"
    assert judge(answer, {"x": pa.array([1, 1, None])}) == "column 'x' is float, expected integer"
    assert judge({"x": [None, 1.0, None]}, {"x": [NAN, 1.0, None]}) is not None


def test_null_nan_and_the_infinities_equal_only_themselves() -> None:
    special = [None, NAN, float("inf"), float("-inf"), 0.0]
    for left in special:
        for right in special:
            answer, reference = (pa.array([item, 1.0], pa.float64()) for item in (left, right))
            verdict = judge({"x": answer}, {"x": reference})
            assert (verdict is None) == (left is right)


def test_null_is_no_zero_and_no_empty_text() -> None:
    keys = {"k": [1, 2]}
    assert judge({**keys, "x": [0, 1]}, {**keys, "x": [None, 1]}) == (
        "row 1, column 'x': 0, expected NULL"
    )
    assert judge({**keys, "x": ["", "a"]}, {**keys, "x": [None, "a"]}) == (
        "row 1, column 'x': '', expected NULL"
    )


def test_large_integers_are_compared_exactly() -> None:
    assert judge({"x": [2**53 + 1]}, {"x": [2**53]}) is not None


def test_long_values_are_cut() -> None:
    reason = judge({"x": ["a" * 100]}, {"x": ["b" * 100]})
    assert reason is not None and len(reason) < 120


# Rows without an order


def test_rows_without_an_order_may_come_in_any() -> None:
    assert (
        judge({"k": [2, 1, 2], "x": [0.5, 1.5, 2.5]}, {"k": [2, 2, 1], "x": [2.5, 0.5, 1.5]})
        is None
    )


def test_a_row_twice_is_no_row_once() -> None:
    assert judge({"k": [1, 1, 2]}, {"k": [1, 2, 2]}) is not None


def test_missing_and_unexpected_rows_are_named() -> None:
    assert judge({"k": [1, 2, 3], "n": [1, 1, 1]}, {"k": [1, 2, 3, 7], "n": [1, 1, 1, 2]}) == (
        "3 rows, expected 4; missing: (k=7, n=2)"
    )
    assert judge({"k": [1, 9]}, {"k": [1]}) == "2 rows, expected 1; unexpected: (k=9)"
    assert judge({"k": [1, 9]}, {"k": [1, 7]}) == "row 2 is not expected: (k=9); missing: (k=7)"


def test_an_empty_answer_is_right_only_where_nothing_is_expected() -> None:
    nothing = {"k": pa.array([], pa.int64())}
    assert judge(nothing, nothing) is None
    assert judge(nothing, {"k": [1]}) == "0 rows, expected 1; missing: (k=1)"


def test_floats_that_are_rounded_otherwise_find_their_partners() -> None:
    """Sorted by ``a``, in which both sides differ a little, their rows come in other orders."""
    rng = np.random.default_rng(1)
    first, second = np.repeat([1.5, 2.5, 3.5], 500), rng.random(1500)
    shuffled = rng.permutation(1500)
    noise = 1 + rng.normal(0, 1e-12, (2, 1500))
    answer = {"a": (first * noise[0])[shuffled], "b": (second * noise[1])[shuffled]}
    assert judge(answer, {"a": first, "b": second}) is None
    answer["b"][700] += 0.01
    assert judge(answer, {"a": first, "b": second}) is not None


def test_close_floats_are_matched_with_care() -> None:
    """Pairing 1.0 with 1.0 would leave two rows unpaired; only the other pairing is complete."""
    ours, theirs = encode(
        pa.table({"a": [1.0, 1.0 + 0.8e-6], "b": [5.0 + 4e-6, 5.0]}),
        pa.table({"a": [1.0 + 0.8e-6, 1.0], "b": [5.0 + 4e-6, 5.0]}),
    )
    left = unmatched(ours, theirs, 1e-6)
    assert (len(left.expected), len(left.answer)) == (0, 0)


# ORDER BY

UP, DOWN = SortKey("k"), SortKey("k", descending=True)


def test_an_order_matters_where_it_is_asked_for() -> None:
    assert judge({"k": [1, 2, 3]}, {"k": [1, 2, 3]}, UP) is None
    assert judge({"k": [1, 3, 2]}, {"k": [1, 2, 3]}, UP) == "row 2, column 'k': 3, expected 2"


def test_rows_that_tie_may_come_in_any_order_and_no_others() -> None:
    reference = {"k": [1, 1, 2], "v": ["a", "b", "c"]}
    assert judge({"k": [1, 1, 2], "v": ["b", "a", "c"]}, reference, UP) is None
    assert judge({"k": [1, 1, 2], "v": ["b", "b", "c"]}, reference, UP) == (
        "row 1, column 'v': 'b', expected 'a'"
    )
    assert judge({"k": [1, 2, 1], "v": ["a", "c", "b"]}, reference, UP) is not None


def test_nulls_stand_where_the_reference_has_them() -> None:
    assert (
        judge({"k": [2, 1, None]}, {"k": [None, 2, 1]}, DOWN)
        == "row 1, column 'k': 2, expected NULL"
    )


def test_rounding_may_turn_neighbours_around() -> None:
    """0.1 + 0.2 and 0.3 differ in the last bit, so that either row may come first."""
    reference = {"total": [0.1 + 0.2, 0.3], "name": ["b", "a"]}
    answer = {"total": [0.1 + 0.2, 0.3], "name": ["a", "b"]}
    order = (SortKey("total", descending=True), SortKey("name"))
    assert judge(answer, reference, *order) is None
    assert judge({"total": [0.3, 0.3], "name": ["a", "b"]}, reference, *order) is None


def test_equal_floats_leave_the_order_to_the_next_key() -> None:
    order = (SortKey("total"), SortKey("name"))
    reference = {"total": [0.5, 0.5, 1.0], "name": ["a", "b", "c"]}
    assert judge(reference, reference, *order) is None
    assert judge({"total": [0.5, 0.5, 1.0], "name": ["b", "a", "c"]}, reference, *order) == (
        "row 2 is out of order: (total=0.5, name='a') after (total=0.5, name='b')"
    )


# LIMIT

WIDENED = {"k": [10, 20, 20, 20, 30], "v": ["a", "b", "c", "d", "e"], "__rank": [1, 2, 2, 2, 5]}


def limited(rows: list[tuple[int, str]], *order: SortKey, **rest: Any) -> str | None:
    answer = {"k": [row[0] for row in rows], "v": [row[1] for row in rows]}
    return judge(answer, WIDENED, *order, widened=True, **rest)


def test_rows_that_tie_at_the_limit_s_edge_are_interchangeable() -> None:
    for pair in ("bc", "bd", "cd", "dc"):
        rows = [(10, "a"), *((20, letter) for letter in pair)]
        assert limited(rows, UP, limit=3) is None


def test_a_row_inside_the_limit_must_be_there() -> None:
    rows = [(20, "b"), (20, "c"), (20, "d")]
    assert limited(rows, UP, limit=3) == "row 1, column 'k': 20, expected 10"


def test_a_tying_row_cannot_stand_twice() -> None:
    assert limited([(10, "a"), (20, "b"), (20, "b")], UP, limit=3) is not None


def test_a_row_beyond_the_edge_s_ties_is_wrong() -> None:
    assert limited([(10, "a"), (20, "b"), (30, "e")], UP, limit=3) is not None


def test_an_offset_has_an_edge_too() -> None:
    for pair in ("bc", "bd", "cd"):
        rows = [(20, pair[0]), (20, pair[1]), (30, "e")]
        assert limited(rows, UP, limit=3, offset=2) is None
    assert limited([(20, "b"), (30, "e")], UP, limit=3, offset=2) is not None
    assert limited([], UP, limit=3, offset=5) is None


def test_a_limit_without_an_order_takes_any_rows() -> None:
    reference = {"k": [1, 2, 2, 3], "__rank": [1, 1, 1, 1]}
    assert judge({"k": [2, 2]}, reference, widened=True, limit=2) is None
    assert judge({"k": [3, 1]}, reference, widened=True, limit=2) is None
    assert judge({"k": [3, 3]}, reference, widened=True, limit=2) is not None
    assert judge({"k": [3]}, reference, widened=True, limit=2) is not None


def test_a_hidden_sort_key_decides_who_is_in_but_not_the_places() -> None:
    """ORDER BY k, hidden LIMIT 2: the rows of ranks 1 and 2, which tie by k, in any order."""
    reference = {"k": [1, 1, 1], "v": ["a", "b", "c"], "__rank": [1, 2, 3]}
    assert judge({"k": [1, 1], "v": ["b", "a"]}, reference, UP, widened=True, limit=2) is None
    assert judge({"k": [1, 1], "v": ["a", "c"]}, reference, UP, widened=True, limit=2) is not None


# Properties

ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(-3, 3)),
        st.one_of(st.none(), st.sampled_from(["", "a", "b"])),
        st.one_of(st.none(), st.floats(-4, 4).map(lambda x: round(x, 2)), st.just(NAN)),
    ),
    min_size=1,
    max_size=12,
)


def as_table(rows: list[tuple[Any, ...]]) -> pa.Table:
    types = (pa.int64(), pa.string(), pa.float64())
    columns = zip(*rows, strict=True)
    return pa.table([pa.array(c, t) for c, t in zip(columns, types, strict=True)], ["k", "s", "x"])


@given(ROWS, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_permuting_rows_never_makes_an_answer_wrong(rows: list[Any], random: Any) -> None:
    shuffled = random.sample(rows, len(rows))
    assert judge(as_table(shuffled), as_table(rows)) is None


@given(ROWS, st.data())
@settings(max_examples=150, deadline=None)
def test_changing_one_value_always_makes_an_answer_wrong(rows: list[Any], data: Any) -> None:
    place = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, 2))
    changed = list(rows[place])
    changed[column] = {0: 99, 1: "z", 2: 99.5}[column]
    wrong = [*rows[:place], tuple(changed), *rows[place + 1 :]]
    assert judge(as_table(data.draw(st.permutations(wrong))), as_table(rows)) is not None


@given(ROWS, st.integers(0, 4), st.integers(0, 4), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_any_way_to_break_ties_at_a_limit_is_right(
    rows: list[Any], limit: int, offset: int, random: Any
) -> None:
    """The answer is a random order of the rows, sorted by k (NULLs last) and cut."""
    rank_of = {
        key: 1 + sum(sort_key(other) < sort_key((key,)) for other in rows) for key, *_ in rows
    }
    widened = as_table(rows).append_column("__rank", pa.array([rank_of[row[0]] for row in rows]))
    shuffled = sorted(random.sample(rows, len(rows)), key=sort_key)
    answer = as_table(shuffled).slice(offset, limit)
    order = SortKey("k")
    assert judge(answer, widened, order, widened=True, limit=limit, offset=offset) is None


def sort_key(row: tuple[Any, ...]) -> tuple[bool, int]:
    return (row[0] is None, row[0] or 0)
