"""Random words and sentences, some words far more frequent than others."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harness.data.generators.base import skewed, stream

SYLLABLES = ("ba", "den", "fo", "gri", "ka", "lum", "mi", "nor", "pe", "qua", "ras", "so", "tiv")
ACCENTED = ("café", "façade", "jalapeño", "naïve", "über", "zoë")
"""Words with characters of several bytes."""


@cache
def vocabulary(count: int) -> pa.Array:
    """Returns words of two to four syllables, a few of them with accents, in random order."""
    made = dict.fromkeys(ACCENTED)
    drawn = stream(1, count).integers(0, len(SYLLABLES), (2 * count, 4))
    lengths = stream(2, count).integers(2, 5, 2 * count)
    for parts, length in zip(drawn, lengths, strict=True):
        made["".join(SYLLABLES[part] for part in parts[:length])] = None
    words = list(made)[:count]
    return pa.array(words[len(ACCENTED) :] + words[: len(ACCENTED)]).take(_mixed(count))


def _mixed(count: int) -> pa.Array:
    return pa.array(stream(3, count).permutation(count))


def sentences(
    random: np.random.Generator, rows: int, fewest: int, most: int, words: int = 2_000
) -> pa.Array:
    """Draws texts of ``fewest`` to ``most`` words; frequent words are most of them."""
    known, lengths = vocabulary(words), random.integers(fewest, most + 1, rows)
    parts = []
    for place in range(most):
        chosen = pa.array(skewed(random, words, rows) - 1)
        parts.append(pc.if_else(pa.array(lengths > place), known.take(chosen), None))
    return pc.binary_join_element_wise(*parts, " ", null_handling="skip")
