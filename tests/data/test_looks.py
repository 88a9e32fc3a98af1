"""A text column's look is found by reading all its rows; codes, such as 007, have no look."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pytest

from harness.data.looks import LooksOfTexts, advice
from harness.tables import Look


def looks(*batches: Sequence[str | None]) -> list[Look]:
    texts = LooksOfTexts()
    for batch in batches:
        texts.add("c", pa.array(batch, pa.string()))
    return list(texts.found())


def test_a_text_that_comes_late_is_found_with_its_row() -> None:
    (look,) = looks(["1", None, "2.5"], ["3", "n/a", "4", "n/a"])
    assert look.why == "'n/a' (row 5) is no number" and look.null_values == ("n/a",)


def test_dates_are_read_day_first_unless_a_month_says_otherwise() -> None:
    assert "%d/%m/%Y" in looks(["01/02/2020"], ["31/12/2020"])[0].sql
    assert "%m/%d/%Y" in looks(["01/02/2020"], ["12/31/2020"])[0].sql


def test_advice_quotes_a_name_and_has_both_mends() -> None:
    look = Look("my share", "…", "cast(replace({}, '%', '') as double) / 100", ("NA",))
    assert advice(look) == (
        "'my share' is text, since …; null_values: ['', 'NA'] reads it as NULL; "
        "cast(replace(\"my share\", '%', '') as double) / 100 reads it"
    )


@pytest.mark.parametrize(
    "texts",
    [
        ["01067", "53111", "80331"],  # postcodes
        ["+49228", "1234"],
        ["a", "b", "1"],
        ["x", "1", "y", "2", "z", "3", "w", "4"],
        [None, None],
        ["2020-01-01 and more"],
        ["31/12/20"],
    ],
)
def test_codes_and_words_look_like_nothing_else(texts: Sequence[str | None]) -> None:
    assert looks(texts) == []
