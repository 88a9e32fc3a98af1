"""Infers the type that all of a text column can be read as, and reads it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from harness.types import Type

NOT_AN_INTEGER = r"^(\+|-?0[0-9xX])"
"""A phone number, a postcode or a code, which keeps its plus sign and leading zeros."""

NOT_A_FLOAT = NOT_AN_INTEGER + r"|^-?[0-9]{19,}$"
"""An integer of 19 digits or more is an identifier; a float would change its last digits."""

PLAIN_INTEGER = "^(0|-?[1-9][0-9]*)$"
PLAIN_FLOAT = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,22})?([eE][+-]?[0-9]{1,2})?$"
PLAIN_DATE = "^(1[7-9]|2[01])[0-9]{2}-[0-9]{2}-[0-9]{2}$"
"""pandas counts nanoseconds in 64 bits, which hold the years 1678 to 2261."""

CANDIDATES = (Type.INT64, Type.FLOAT64, Type.BOOLEAN, Type.DATE, Type.TIMESTAMP)
WIDER = {Type.INT64: Type.FLOAT64, Type.DATE: Type.TIMESTAMP}

PLAIN_BOOLEAN = "^(true|false)$"
PLAIN_TIMESTAMP = PLAIN_DATE[:-1] + r"[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3}|\.[0-9]{6})?$"
"""All of a column must have one form: some readers take that of the first value for all."""
ZONED = r"[T ].*(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"


@dataclass(frozen=True)
class Parsed:
    """A column's values; ``plain`` if every engine's CSV reader would read its text alike.

    ``forms`` are the ways in which its timestamps are written; ``plain`` columns have only one.
    """

    values: pa.Array
    plain: bool = True
    forms: frozenset[str] = frozenset()


def parse(text: pa.Array, kind: Type) -> Parsed:
    """Reads text as a type; raises ArrowInvalid, naming the value, if that is not possible.

    Timestamps with a zone become UTC. NaN becomes NULL: half of the engines do not distinguish
    them.
    """
    match kind:
        case Type.INT64:
            if _all(text, PLAIN_INTEGER):
                return Parsed(pc.cast(text, pa.int64()))
            return Parsed(pc.cast(_unless(text, NOT_AN_INTEGER, kind), pa.int64()), False)
        case Type.FLOAT64:
            if _all(text, PLAIN_FLOAT):
                return Parsed(pc.cast(text, pa.float64()))
            numbers = pc.cast(_unless(text, NOT_A_FLOAT, kind), pa.float64())
            return Parsed(without_nan(numbers), False)
        case Type.BOOLEAN:
            words = _unless(text, "^[01]$", kind)
            return Parsed(pc.cast(words, pa.bool_()), _all(text, PLAIN_BOOLEAN))
        case Type.DATE:
            return Parsed(pc.cast(text, pa.date32()), _all(text, PLAIN_DATE))
        case Type.TIMESTAMP:
            zone = "UTC" if _all(text, ZONED) else None
            times = pc.cast(pc.cast(text, pa.timestamp("us", zone)), pa.timestamp("us"))
            return Parsed(times, _all(text, PLAIN_TIMESTAMP), _forms(text))
        case Type.STRING:
            return Parsed(text)
        case Type.DECIMAL:
            raise ValueError("no file's column is read as decimals")


def without_nan(numbers: pa.Array) -> pa.Array:
    """Replaces NaN by NULL."""
    return pc.if_else(pc.is_nan(numbers), None, numbers)


def narrow(guess: Type | None, text: pa.Array) -> Type | None:
    """Returns the type that fits a column so far, given its type before this batch of its text.

    The type is None as long as all values are NULL.
    """
    if text.null_count == len(text):
        return guess
    if guess is None:
        return next((kind for kind in CANDIDATES if _fits(text, kind)), Type.STRING)
    while guess is not Type.STRING and not _fits(text, guess):
        guess = WIDER.get(guess, Type.STRING)
    return guess


def infer(columns: Iterable[dict[str, pa.Array]]) -> dict[str, Type]:
    """Returns a type for each text column that fits all of its values; STRING if no other does.

    ``columns`` are batches, each of which maps column names to arrays of text.
    """
    guesses: dict[str, Type | None] = {}
    for batch in columns:
        for name, text in batch.items():
            guesses[name] = narrow(guesses.get(name), text)
    return {name: guess or Type.STRING for name, guess in guesses.items()}


def _forms(text: pa.Array) -> frozenset[str]:
    """Returns the forms of timestamps: ``T19`` for the separator ``T`` and 19 characters in all."""
    lengths, separators = pc.binary_length(text), pc.utf8_slice_codeunits(text, 10, 11)
    found = pc.unique(pc.binary_join_element_wise(separators, pc.cast(lengths, pa.string()), ""))
    return frozenset(found.drop_null().to_pylist())


def _fits(text: pa.Array, kind: Type) -> bool:
    try:
        parse(text, kind)
    except pa.ArrowInvalid:
        return False
    return True


def _unless(text: pa.Array, pattern: str, kind: Type) -> pa.Array:
    """Returns the text; raises ArrowInvalid if a value matches the pattern.

    The error's message says that the value is none of the type ``kind``.
    """
    bad = pc.match_substring_regex(text, pattern)
    if pc.any(bad).as_py():
        value = text.filter(bad)[0].as_py()
        raise pa.ArrowInvalid(f"Failed to parse string: {value!r} as a scalar of type {kind}")
    return text


def _all(text: pa.Array, pattern: str) -> bool:
    """True if every value that is not NULL matches the pattern."""
    return pc.all(pc.match_substring_regex(text, pattern)).as_py() is not False
