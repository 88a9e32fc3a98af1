"""A text column becomes the narrowest type that all of its values can be read as."""

from __future__ import annotations

from datetime import date, datetime

import pyarrow as pa
import pytest

from harness.data.text import infer, parse
from harness.types import Type


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "-2", None], Type.INT64),
        (["9223372036854775807"], Type.INT64),
        (["1", "2.5"], Type.FLOAT64),
        (["1e5", ".5", "inf"], Type.FLOAT64),
        (["0", "-0", "0.5"], Type.FLOAT64),
        (["007", "12"], Type.STRING),
        (["-007"], Type.STRING),
        (["00.5"], Type.STRING),
        (["0x1F"], Type.STRING),
        (["+31201234567"], Type.STRING),
        (["12345678901234567890"], Type.STRING),
        (["1.5", "12345678901234567890"], Type.STRING),
        ([" 1"], Type.STRING),
        (["1,5"], Type.STRING),
        (["true", "False", None], Type.BOOLEAN),
        (["0", "1"], Type.INT64),
        (["true", "1"], Type.STRING),
        (["2013-01-31"], Type.DATE),
        (["2013-01-32"], Type.STRING),
        (["31/01/2013"], Type.STRING),
        (["2013-01-31", "2013-01-31 10:00:00"], Type.TIMESTAMP),
        (["2013-01-31T10:00:00.123456"], Type.TIMESTAMP),
        (["2013-01-31T10:00:00Z"], Type.TIMESTAMP),
        (["2013-01-31T10:00:00Z", "2013-01-31T10:00:00"], Type.STRING),
        (["10:00"], Type.STRING),
        ([None, None], Type.STRING),
        (["2013-01-31", "soon"], Type.STRING),
    ],
)
def test_a_column_gets_its_narrowest_type(texts: list[str | None], kind: Type) -> None:
    assert infer([{"a": pa.array(texts, pa.string())}]) == {"a": kind}


@pytest.mark.parametrize(
    ("first", "later", "kind"),
    [
        ("1", "x", Type.STRING),
        ("1", "2.5", Type.FLOAT64),
        ("1", "007", Type.STRING),
        ("1", "99999999999999999999", Type.STRING),
        ("2.5", "1", Type.FLOAT64),
        ("2013-01-31", "2013-01-31 10:00:00", Type.TIMESTAMP),
        ("2013-01-31 10:00:00", "2013-01-31", Type.TIMESTAMP),
        ("2013-01-31", "1", Type.STRING),
        ("true", "yes", Type.STRING),
        (None, "1", Type.INT64),
        ("1", None, Type.INT64),
    ],
)
def test_a_later_batch_widens_the_type(first: str | None, later: str | None, kind: Type) -> None:
    batches = [{"a": pa.array([text], pa.string())} for text in (first, later)]
    assert infer(batches) == {"a": kind}


def values(texts: list[str | None], kind: Type) -> list[object]:
    return list(parse(pa.array(texts, pa.string()), kind).values.to_pylist())


def test_times_with_a_zone_become_utc() -> None:
    assert values(["2013-01-31T10:00:00+02:00", None], Type.TIMESTAMP) == [
        datetime(2013, 1, 31, 8),
        None,
    ]


def test_dates_among_times_are_midnights() -> None:
    assert values(["2013-01-31"], Type.TIMESTAMP) == [datetime(2013, 1, 31)]
    assert values(["0001-01-01"], Type.DATE) == [date(1, 1, 1)]


def test_nan_is_null() -> None:
    assert values(["1.5", "nan", "NaN", None], Type.FLOAT64) == [1.5, None, None, None]


@pytest.mark.parametrize(
    ("text", "kind", "plain"),
    [
        ("nan", Type.FLOAT64, False),
        ("1.5", Type.FLOAT64, True),
        ("true", Type.BOOLEAN, True),
        ("TRUE", Type.BOOLEAN, False),
        ("2013-01-31T10:00:00", Type.TIMESTAMP, True),
        ("2013-01-31T10:00:00Z", Type.TIMESTAMP, False),
        ("2013-01-31", Type.TIMESTAMP, False),
    ],
)
def test_text_that_readers_disagree_on_is_not_plain(text: str, kind: Type, plain: bool) -> None:
    assert parse(pa.array([text]), kind).plain is plain
