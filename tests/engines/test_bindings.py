"""In a program, an expression that a statement needs twice gets a variable; others do not."""

from __future__ import annotations

import pytest

from harness.engines.python.bindings import bound
from harness.engines.python.kernel import Variables


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            'return x.assign(a=x["s"].str.lower() + x["s"].str.lower())',
            ['lower = x["s"].str.lower()', "return x.assign(a=lower + lower)"],
        ),
        (
            'y = np.fmod(x["n"], 3) * ((x["n"] - 1) // 2) + (x["n"] - 1)',
            ['n = x["n"] - 1', 'y = np.fmod(x["n"], 3) * (n // 2) + n'],
        ),
        (  # a value within one that is shared, and beside it
            'return f(g(x["a"] + 1), g(x["a"] + 1), x["a"] + 1)',
            ['a = x["a"] + 1', "g2 = g(a)", "return f(g2, g2, a)"],
        ),
        (  # a function of the same name
            'y = f(lower(x["a"]), lower(x["a"]))',
            ['lower2 = lower(x["a"])', "y = f(lower2, lower2)"],
        ),
        (  # in a function, where a statement is indented
            '    return x["é"].abs() - x["é"].abs()',
            ['    abs2 = x["é"].abs()', "    return abs2 - abs2"],  # abs is Python's
        ),
        (  # brackets of a call stay
            'return f(x["a"] * 2) + (x["a"] * 2)',
            ['a = x["a"] * 2', "return f(a) + a"],
        ),
    ],
)
def test_what_two_read_is_named_before(statement: str, expected: list[str]) -> None:
    assert bound([statement], Variables(("t", "g", "x"))) == expected


@pytest.mark.parametrize(
    "statement",
    [
        'return x["a"] + x["a"]',  # a column is there already
        'return x["a"].notna() & ~x["a"].notna()',
        'return a.join(b) if x["n"].sum() > 0 else c.join(a.join(b))',  # one is computed
        'return x.map_partitions(lambda x: x["a"].abs() + x["a"].abs())',
        "return pd.Timestamp(1) - pd.Timestamp(1)",
        "def f(x):",
        'return pc.add(pc.abs(pc.field("a")), pc.abs(pc.field("a")))',  # Acero's to compute
    ],
)
def test_nothing_else_is(statement: str) -> None:
    assert bound([statement], Variables(), lazy="pc.field(") == [statement]
