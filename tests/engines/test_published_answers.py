"""The comparison with published answers finds values that TPC-H's rules do not allow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.published_answers import AVERAGE, EXACT, RATIO, SUM, agrees, difference, read


@pytest.mark.parametrize(
    ("rule", "given", "published", "right"),
    [
        (EXACT, 1478493, "1478493", True),
        (EXACT, 1478492, "1478493", False),
        (EXACT, "MOROCCO", "MOROCCO", True),
        (EXACT, 9938.53, "9938.53", True),
        (EXACT, 9938.52, "9938.53", False),
        (SUM, 37734207.0, "37734107.00", True),
        (SUM, 37734207.01, "37734107.00", False),
        (AVERAGE, 0.0499852, "0.05", True),
        (AVERAGE, 25.80, "25.52", False),
        (RATIO, 16.2, "16.38", False),
        (RATIO, 16.3, "16.38", True),
    ],
)
def test_a_value_is_held_to_the_rule_of_its_kind(
    rule: str, given: object, published: str, right: bool
) -> None:
    assert agrees(rule, given, published) is right


def test_the_first_difference_is_told(tmp_path: Path) -> None:
    (tmp_path / "q4.out").write_text(
        "o_orderpriority|order_count\n1-URGENT       |10594\n2-HIGH|2\n"
    )
    published = read(tmp_path, "q04")
    names = ("o_orderpriority", "order_count")
    assert difference("q04", names, [("1-URGENT", 10594), ("2-HIGH", 2)], published) is None
    assert difference("q04", names, [("1-URGENT", 10594)], published) == "1 rows, published 2"
    told = difference("q04", names, [("1-URGENT", 10594), ("2-HIGH", 3)], published)
    assert told == "row 2, order_count: 3, published '2'"
