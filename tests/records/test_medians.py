"""Which of the sorted rounds are the ends of their median's interval."""

from __future__ import annotations

import pytest
from scipy.stats import binom

from harness.records.medians import interval_ranks


@pytest.mark.parametrize("count", [*range(3, 60), 100, 399, 1000])
def test_the_ranks_are_the_narrowest_that_cover_the_median_with_95_percent(count: int) -> None:
    low, high = interval_ranks(count)
    assert high == count - 1 - low
    missed = 2 * binom.cdf(low, count, 0.5)
    assert missed <= 0.05 or low == 0
    assert 2 * binom.cdf(low + 1, count, 0.5) > 0.05 or low + 1 >= count // 2


@pytest.mark.parametrize("count", [1001, 1002, 4999, 10**9])
def test_of_many_rounds_they_are_found_at_once_but_for_one_place(count: int) -> None:
    low, high = interval_ranks(count)
    assert high == count - 1 - low
    assert 2 * binom.cdf(low - 1, count, 0.5) <= 0.05 < 2 * binom.cdf(low + 2, count, 0.5)


def test_some_ranks_are_those_of_tables() -> None:
    assert [interval_ranks(count) for count in (5, 8, 9, 20)] == [(0, 4), (0, 7), (1, 7), (5, 14)]
