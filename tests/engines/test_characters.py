"""Which characters are special: all with which an engine differs from DuckDB."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from harness.characters import specials
from harness.engines import get
from harness.errors import Unsupported
from harness.special import Special, together
from harness.tables import Input
from tests.support.in_process import InProcess

ALL = [
    chr(code)
    for code in (*range(1, 0x20000), *range(0xE0000, 0xE1000))
    if unicodedata.category(chr(code)) != "Cs"
]
"""Every character but NUL, halves of surrogate pairs, rare ideographs and those of private use."""
CALLS = (
    "upper(c)",
    "lower(c)",
    "upper(lower(c))",
    "lower(upper('a' || c))",
    "trim(c || 'x' || c)",
    "reverse('é' || c || 'é' || c || c || 'é')",
)


def texts(table: pa.Table) -> Sequence[str]:
    found: list[str] = table["a"].to_pylist()
    return found


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("engine", ["pandas", "polars", "pyarrow"])
def test_no_character_is_special_to_an_engine_unsaid(
    tmp_path: Path, engine: str, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.engines.base.refuse_special", lambda *_: None)
    monkeypatch.setattr("tests.support.in_process.specials_in", lambda _: ())
    engines = InProcess({"t": pa.table({"c": ALL})}, tmp_path)
    sql = f"select {call} as a from t"
    answers = zip(
        ALL, texts(engines.answer(engine, sql)), texts(engines.expected(sql)), strict=True
    )
    differing = [c for c, ours, right in answers if ours != right]
    differs = get(engine).special_differs
    said = frozenset().union(*(differs[kind] for kind in differs if f"{kind.key}(" in call))
    assert differing
    assert [hex(ord(c)) for c in differing if not said & set(specials(c))] == []


def test_what_is_special_of_well_known_characters() -> None:
    assert specials("plain ASCII") == ()
    assert specials("with a\ttab\r\n") == (Special.BREAK,)
    assert specials("Größe 日本語 ñ Ж") == (Special.UPPER,)
    assert specials("Œuvre, façade, crème brûlée, Жук, 日本語, 한국어") == ()
    assert specials("ΟΔΟΣ") == (Special.LOWER,)
    assert specials("\u017f") == (Special.FOLDED,)
    assert specials("a\u00a0b") == (Special.SPACE,)
    assert specials("e\u0301") == specials("🇩🇪") == (Special.JOINED,)
    assert set(specials("é\r\n")) == {Special.JOINED, Special.BREAK}
    assert together((Special.SPACE,), (Special.UPPER,), ()) == (Special.UPPER, Special.SPACE)


def test_an_engine_says_what_it_cannot_do_with_them(tmp_path: Path) -> None:
    engines = InProcess({"t": pa.table({"w": ["größe"], "v": ["schön"]})}, tmp_path)
    with pytest.raises(Unsupported) as raised:
        engines.answer("polars", "select upper(w) as a from t")
    assert str(raised.value) == (
        "Polars does otherwise with a text with characters whose upper case is several, as "
        "that of ß can be: UPPER(w)"
    )
    assert texts(engines.answer("polars", "select upper(v) as a from t")) == ["SCHÖN"]
    assert texts(engines.answer("polars", "select lower(w) as a from t", Input.PARQUET)) == [
        "größe"
    ]
