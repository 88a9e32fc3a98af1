"""Says what a column without a useful type looks like, and what in the YAML or the SQL mends it.

These facts are found once, when a file is read, and stored with its table; the errors of queries
and ``harness new`` show them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from harness.data.cache import Facts
from harness.sandbox.names import spelt
from harness.tables import Look

MOST_STRANGERS = 3
"""The most different texts of a column of numbers or dates that are none."""
FIRST = 1_000
"""The values that decide first, since most text columns look like nothing else."""
CODE = r"^\+|^-?0[0-9xX]"
"""A phone number, a postcode or a code: text on purpose."""


@dataclass(frozen=True)
class Form:
    """A way to write values of a type as text.

    ``what`` names it, ``fits`` tells which texts are written so. ``sql`` converts a text, and is
    empty if the harness infers the type by itself.
    """

    what: str
    fits: Callable[[pa.Array], pa.Array]
    sql: str = ""


def _matching(pattern: str) -> Callable[[pa.Array], pa.Array]:
    return lambda text: pc.match_substring_regex(text, pattern)


def _date_in(form: str) -> Callable[[pa.Array], pa.Array]:
    """Returns a function that tells which texts are dates in this strptime format.

    A text must also contain four digits in a row, as a year has them.
    """

    def fits(text: pa.Array) -> pa.Array:
        times = pc.strptime(text, format=form, unit="s", error_is_null=True)
        return pc.and_(pc.is_valid(times), pc.match_substring_regex(text, "[0-9]{4}"))

    return fits


FORMS = (
    Form("number", _matching(r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$")),
    Form("date", _matching(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")),
    Form("time stamp", _matching(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9.]+)?$")),
    Form("date", _date_in("%Y/%m/%d"), "cast(replace({}, '/', '-') as date)"),
    Form("date", _date_in("%d/%m/%Y"), "strptime({}, '%d/%m/%Y')"),
    Form("date", _date_in("%m/%d/%Y"), "strptime({}, '%m/%d/%Y')"),
    Form("date", _date_in("%d.%m.%Y"), "strptime({}, '%d.%m.%Y')"),
    Form("date", _date_in("%d-%m-%Y"), "strptime({}, '%d-%m-%Y')"),
    Form(
        "number",
        _matching(r"^-?([0-9]{1,3}(,[0-9]{3})+|0|[1-9][0-9]*)(\.[0-9]+)?$"),
        "cast(replace({}, ',', '') as double)",
    ),
    Form(
        "number",
        _matching(r"^-?([0-9]{1,3}(\.[0-9]{3})+|0|[1-9][0-9]*)(,[0-9]+)?$"),
        "cast(replace(replace({}, '.', ''), ',', '.') as double)",
    ),
    Form(
        "number",
        _matching(r"^-?[0-9]+(\.[0-9]+)? ?%$"),
        "cast(replace({}, '%', '') as double) / 100",
    ),
    Form("number", _matching(r"^-?\$[0-9]+(\.[0-9]+)?$"), "cast(replace({}, '$', '') as double)"),
    Form(
        "number, and there are no times of day",
        _matching(r"^[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$"),
        "cast(substr({}, 1, 2) as bigint)",
    ),
)


@dataclass
class _Fitting:
    """How a column's texts fit a form so far.

    ``fitting`` of ``seen`` texts fit; ``example``, in row ``row``, is the first of them.
    ``strangers`` are the first texts that do not fit, each with its row.
    """

    form: Form
    fitting: int = 0
    seen: int = 0
    example: str = ""
    row: int = 0
    strangers: dict[str, int] = field(default_factory=dict)

    def add(self, text: pa.Array, start: int) -> bool:
        """Adds texts from row ``start`` on; False if the column no longer looks like the form.

        A column looks like a form if half of its texts fit, and if those that do not fit have few
        different values, none of them a code, such as ``007`` or a phone number.
        """
        fits = self.form.fits(text)
        self._note_example(text, fits, start)
        self.fitting += pc.sum(fits).as_py() or 0
        self.seen += len(text) - text.null_count
        strange = text.filter(pc.invert(fits))
        for value in pc.unique(strange.drop_null()).to_pylist()[: MOST_STRANGERS + 1]:
            self.strangers.setdefault(value, start + pc.index(text, value).as_py())
        few = len(self.strangers) <= MOST_STRANGERS and 2 * self.fitting >= self.seen
        return few and not any(map(_is_code, self.strangers))

    def _note_example(self, text: pa.Array, fits: pa.Array, start: int) -> None:
        place = pc.index(fits, True).as_py()
        if not self.example and place >= 0:
            self.example, self.row = text[place].as_py(), start + place


def _is_code(text: str) -> bool:
    return bool(pc.match_substring_regex(text, CODE).as_py())


class LooksOfTexts:
    """Finds out what the text columns of a table look like, batch by batch."""

    def __init__(self) -> None:
        self._columns: dict[str, list[_Fitting]] = {}
        self._rows: dict[str, int] = {}

    def add(self, name: str, text: pa.Array) -> None:
        """Adds the next batch of the texts of the column ``name``."""
        if name not in self._columns:
            self._columns[name] = [
                one for one in map(_Fitting, FORMS) if _Fitting(one.form).add(text[:FIRST], 0)
            ]
        start = self._rows.get(name, 0)
        self._columns[name] = [one for one in self._columns[name] if one.add(text, start)]
        self._rows[name] = start + len(text)

    def found(self) -> Iterator[Look]:
        """Yields a Look for each text column that looks like another type, such as dates."""
        for name, fitting in self._columns.items():
            likely = [one for one in fitting if one.fitting and (one.form.sql or one.strangers)]
            if likely:
                yield _look(name, max(likely, key=lambda one: one.fitting))


def _look(name: str, best: _Fitting) -> Look:
    strangers = dict(sorted(best.strangers.items(), key=lambda item: item[1]))
    shown = ", ".join(f"{text!r} (row {row + 1})" for text, row in strangers.items())
    many = "are no" if len(strangers) > 1 else "is no"
    if not best.form.sql:
        return Look(name, f"{shown} {many} {best.form.what}", null_values=tuple(strangers))
    why = f"{best.example!r} (row {best.row + 1}) is no {PLAIN.get(best.form.what, best.form.what)}"
    return Look(name, why, best.form.sql, tuple(strangers))


PLAIN = {"date": "date as 2026-12-31", "number": "number as 1234.5"}
"""How a value is written of which the type is inferred."""


def left_out(column: str, kind: pa.DataType) -> Look:
    """Returns the Look of a column whose type the harness lacks: it is left out, and what to do."""
    instead = ""
    if pa.types.is_time(kind):
        instead = "write it as text, or its hours as a number"
    if pa.types.is_struct(kind):
        instead = "write its fields as columns of their own"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        instead = "write a row for each element, as DuckDB's unnest does"
    return Look(column, f"{column} is {kind}, and left out", instead=instead)


def advice(look: Look) -> str:
    """Returns a Look as text: what is wrong with a column or table, and what to write instead."""
    texts = ", ".join(f"'{text}'" for text in ("", *look.null_values))
    nulls = f"null_values: [{texts}] reads it as NULL" if look.null_values else ""
    sql = f"{look.sql.format(spelt(look.column))} reads it" if look.sql else ""
    since = f"{look.column!r} is text, since {look.why}" if nulls or sql else look.why
    return "; ".join(part for part in (since, nulls, sql, look.instead) if part)


def stored(looks: Iterable[Look]) -> list[list[Any]]:
    """Returns looks as plain lists, which the cache can store among a table's facts."""
    return [list(astuple(look)) for look in looks]


def looks_of(facts: Facts) -> tuple[Look, ...]:
    """Returns the looks of a table from the cache's facts."""
    return tuple(
        Look(column, why, sql, tuple(null_values), instead)
        for column, why, sql, null_values, instead in facts["looks"]
    )
