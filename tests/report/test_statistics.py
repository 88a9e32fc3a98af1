"""Medians, intervals, ties and scores, on numbers whose answers can be worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import pytest

from harness.records.runs import QueryEntry
from report.compare.comparison import Comparison, compare, score
from report.compare.metrics import METRICS
from report.compare.statistics import (
    PROCESS_ERROR,
    Estimate,
    Ratio,
    Sample,
    estimate_median,
    geometric_mean,
    ranks,
    ratio_of,
)
from report.look.colours import LEAST_CONTRAST, contrast, shades
from report.read.frame import (
    EngineStyle,
    EngineVersion,
    ResultCell,
    Results,
    Setting,
    ShownWorkload,
)
from report.words import wording

SETTING = Setting("laptop", "groupby", "small", "memory", 2)


def test_a_median_comes_with_the_narrowest_pair_of_rounds_that_covers_it() -> None:
    """Of ten rounds they are the 2nd and the 9th, which cover it with 97.9%: 1 - 2 · 11/1024."""
    estimate = estimate_median(Sample([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]))
    assert (estimate.value, estimate.low, estimate.high) == (5.5, 2, 9)


@pytest.mark.parametrize(
    ("count", "low", "high"), [(3, 0, 2), (5, 0, 4), (6, 0, 5), (9, 1, 7), (25, 7, 17)]
)
def test_the_interval_of_a_median_widens_with_few_rounds(count: int, low: int, high: int) -> None:
    """``low`` and ``high`` count from 0, as in Conover's table A3: of 25 the 8th and the 18th."""
    assert (ranks(count).low, ranks(count).high) == (low, high)


def test_the_log_error_of_five_rounds_follows_from_their_range() -> None:
    """The range of five rounds is 3.726 standard errors: with chance 1/16 it misses the median."""
    estimate = estimate_median(Sample([1.0, 2.0, 2.0, 2.0, math.e]))
    assert estimate.log_error == pytest.approx(1 / 3.726, rel=1e-3)


def test_equal_rounds_have_an_interval_without_width_but_come_from_one_process() -> None:
    assert estimate_median(Sample([2.0] * 5)) == Estimate(2.0, 2.0, 2.0, PROCESS_ERROR)


def test_two_rounds_are_too_few_for_an_interval() -> None:
    assert estimate_median(Sample([1, 2])) == Estimate(1.5)


def test_intervals_hold_the_true_ratio_as_often_as_they_say() -> None:
    """Two engines of equal speed and skewed noise are told apart in about 5% of trials."""
    noise = np.random.default_rng(5).lognormal(0, 0.2, (2000, 2, 9))
    pairs = ([estimate_median(Sample(list(side))) for side in sides] for sides in noise)
    found = [ratio_of(one, other) for one, other in pairs]
    covered = sum(ratio is not None and ratio.covers_one for ratio in found)
    assert 0.92 <= covered / len(found) <= 0.98


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.97, 1.04, "tie"),
        (0.953, 1.049, "tie"),
        (0.96, 1.06, "unclear"),  # too wide for a tie on one side …
        (0.94, 1.02, "unclear"),  # … and on the other
        (0.5, 2.5, "unclear"),
        (1.01, 1.03, "apart"),  # a small difference that is sure
        (1.2, 1.4, "apart"),
        (0.6, 0.8, "apart"),
    ],
)
def test_only_a_narrow_interval_that_covers_1_is_a_tie(low: float, high: float, said: str) -> None:
    ratio = planted(low, high)
    assert ratio.interval == pytest.approx((low, high))
    assert (ratio.is_tie, ratio.is_unclear) == (said == "tie", said == "unclear")
    assert ratio.covers_one == (said != "apart")


def planted(low: float, high: float) -> Ratio:
    """Returns the ratio whose 95% interval this is."""
    return Ratio(math.sqrt(low * high), math.log(high / low) / 2 / 1.959964)


@pytest.mark.parametrize(("value", "said"), [(1.04, "unclear"), (0.97, "unclear"), (1.06, "apart")])
def test_without_an_interval_there_is_no_tie(value: float, said: str) -> None:
    ratio = Ratio(value, None)
    assert not ratio.is_tie and ratio.is_unclear == (said == "unclear")


def test_of_four_processes_the_mean_differs_half_as_much_as_one() -> None:
    assert estimate_median(Sample([2.0] * 5, processes=4)).log_error == PROCESS_ERROR / 2


def test_rounds_of_one_turn_count_once() -> None:
    """Three turns of four equal rounds are three values; the median is of all twelve."""
    blocks = Sample([1.0] * 4 + [2.0] * 4 + [4.0] * 4, turns=(0,) * 4 + (1,) * 4 + (2,) * 4)
    assert estimate_median(blocks) == estimate_median(Sample([1.0, 2.0, 4.0]))
    uneven = Sample([1.0, 1.0, 1.0, 2.0, 4.0], turns=(0, 0, 0, 1, 2))
    found = estimate_median(uneven)
    assert (found.value, found.low, found.high) == (1.0, 1.0, 4.0)


def test_where_there_are_fewer_turns_than_an_interval_needs_each_round_counts() -> None:
    two_turns = Sample([1.0, 1.1, 1.2, 1.3], turns=(0, 0, 1, 1))
    assert estimate_median(two_turns) == estimate_median(Sample([1.0, 1.1, 1.2, 1.3]))


def test_the_geometric_mean_of_two_and_eight_is_four() -> None:
    mean = geometric_mean([Ratio(2.0), Ratio(8.0)])
    assert mean is not None
    assert (mean.value, mean.low, mean.high) == pytest.approx((4, 4, 4))


def test_the_interval_of_a_geometric_mean_follows_from_its_errors() -> None:
    mean = geometric_mean([Ratio(2.0, 0.03), Ratio(8.0, 0.04)])
    assert mean is not None
    assert mean.low == pytest.approx(4 * math.exp(-1.959964 * 0.05 / 2))
    assert geometric_mean([]) is None


def test_a_geometric_mean_with_an_unknown_error_has_no_interval() -> None:
    mean = geometric_mean([Ratio(2.0, None), Ratio(8.0, 0.1)])
    assert mean is not None
    assert mean.value == pytest.approx(4)
    assert mean.low is None


# Three engines on three queries; a time is three equal rounds, a text is an outcome.

Value = float | str | tuple[float, ...]
TIMES: dict[str, dict[str, Value]] = {
    "q1": {"polars": 0.09, "duckdb": 0.19, "pandas": 0.79},
    "q2": {"polars": 0.19, "duckdb": 0.09, "pandas": "wrong"},
    "q3": {"polars": "error", "duckdb": "oom", "pandas": "timeout"},
}


def comparison(times: Mapping[str, Mapping[str, Value]] = TIMES) -> Comparison:
    cells = [
        cell(query, name, value) for query, row in times.items() for name, value in row.items()
    ]
    names = {c.engine.name for c in cells}
    queries = {query: QueryEntry(title=query, sql="select 1", plan=None) for query in times}
    return compare(
        Results(
            runs=(),
            cells=tuple(cells),
            superseded=(),
            outdated=(),
            engines={name: EngineStyle(name, "#123456", "python") for name in names},
            workloads={"groupby": ShownWorkload("Group-by", "groupby.yaml", queries)},
            programs={},
        )
    )


def cell(query: str, engine: str, value: Value) -> ResultCell:
    where = (SETTING, query, EngineVersion(engine, "1"), datetime(2026, 11, 20, tzinfo=UTC))
    if isinstance(value, str):
        return ResultCell(*where, outcome=value, reason="it is so")
    rounds = value if isinstance(value, tuple) else (value,) * 3
    return ResultCell(*where, "ok", seconds=rounds, cpu_seconds=rounds, peak_bytes=2**20)


def test_a_score_is_the_geometric_mean_of_the_ratios_to_the_best() -> None:
    """polars is the best of q1, and takes 4 times as long on q2: √(1 · 4) = 2."""
    times = {"q1": {"polars": 0.001, "duckdb": 0.002}, "q2": {"polars": 0.004, "duckdb": 0.001}}
    found = score(comparison(times).tasks, EngineVersion("polars", "1"))
    assert found.mean is not None
    assert found.mean.value == pytest.approx(2)


def test_no_mean_is_less_than_the_least_of_its_ratios_however_short_the_times() -> None:
    """Of microseconds: ratios of 6, 8 and 9 have the geometric mean ∛(6 · 8 · 9) = 7.56."""
    times = {f"q{ratio}": {"polars": 20e-6, "pandas": 20e-6 * ratio} for ratio in (6.0, 8.0, 9.0)}
    found = score(comparison(times).tasks, EngineVersion("pandas", "1"))
    assert found.mean is not None
    assert found.mean.value == pytest.approx((6 * 8 * 9) ** (1 / 3))


def test_a_missing_time_counts_as_twice_the_worst_of_its_query() -> None:
    """pandas: 0.79 / 0.09 on q1; on q2, where it has no time, 2 · 0.19 / 0.09. q3 has no times."""
    found = score(comparison().tasks, EngineVersion("pandas", "1"))
    assert found.mean is not None
    assert found.mean.value == pytest.approx(math.sqrt((79 / 9) * (2 * 19 / 9)))


def test_a_query_whose_best_value_is_0_has_no_ratios() -> None:
    """Processor time is counted in hundredths of a second, so that short programs take none."""
    found = comparison(
        {"q1": {"polars": 0.0, "duckdb": 0.01}, "q2": {"polars": 0.1, "duckdb": 0.3}}
    )
    means = [each.mean.value for each in found.scores if each.mean is not None]
    assert means == pytest.approx([1, 3])
    assert found.tasks[0].standing.ratios == {}


def test_an_engine_without_any_time_is_last_and_has_no_mean() -> None:
    found = comparison({"q1": {"absent": "unavailable", "polars": 0.1}})
    assert [score.engine.name for score in found.scores] == ["polars", "absent"]
    assert found.scores[1].mean is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.0000123, "0.000012"), (0.0123, "0.0123"), (1.2345, "1.23"), (123.4, "123")],
)
def test_numbers_have_three_significant_digits(value: float, text: str) -> None:
    assert wording.significant(value) == text


@pytest.mark.parametrize(("ratio", "text"), [(1, "1.00×"), (12.34, "12.3×"), (140.4, "140×")])
def test_ratios_are_shortened_as_they_grow(ratio: float, text: str) -> None:
    assert wording.times(ratio) == text


def test_each_metric_takes_its_own_measurement() -> None:
    measured = ResultCell(
        SETTING, "q1", EngineVersion("polars", "1"), datetime(2026, 11, 20, tzinfo=UTC), "ok",
        seconds=(3.0, 1.0, 2.0), cpu_seconds=(6.0, 5.0, 4.0), cold_seconds=9.0, peak_bytes=7,
    )  # fmt: skip
    values = {metric.name: metric.estimate(measured) for metric in METRICS}
    assert {name: e.value for name, e in values.items() if e} == {
        "median": 2.0, "minimum": 1.0, "cold": 9.0, "peak": 7.0, "cpu": 5.0,
    }  # fmt: skip


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#fff100", "#150458"])
@pytest.mark.parametrize(
    ("theme", "page"), [("light", "#ffffff"), ("dark", "#15181c")], ids=["light", "dark"]
)
def test_every_engine_colour_stands_out_from_the_page(colour: str, theme: str, page: str) -> None:
    assert contrast(getattr(shades(colour), theme), page) >= LEAST_CONTRAST


def test_a_colour_that_stands_out_is_left_as_it_is() -> None:
    assert shades("#d1603d").light == "#d1603d"


def test_black_on_white_has_the_highest_contrast() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (1.23e-05, "12.3 µs"), (0.0123, "12.3 ms"), (0.9996, "1.00 s"), (123.4, "123 s")],
)
def test_a_duration_has_the_unit_that_suits_it(seconds: float, text: str) -> None:
    assert wording.duration(seconds) == text
