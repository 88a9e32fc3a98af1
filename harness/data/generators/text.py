"""A number of rows -> documents with e-mail addresses, tags, codes and log lines."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harness.data.generators.base import (
    ByBatch,
    RowsParams,
    columns,
    numbered,
    pick,
    skewed,
    sparse,
)
from harness.data.generators.words import sentences

GIVEN = ("Ada", "BOB", "chen", "Dina", "emil", "FRIDA", "Gus", "hana", "Igor", "JUNE")
FAMILY = ("Abbott", "BERG", "castro", "Diaz", "Evans", "fischer", "GARCIA", "Hahn", "Ito")
DOMAINS = ("mail.example.com", "example.org", "post.example.net", "uni.example.edu")
SECTIONS = ("news", "sport", "shop", "help", "blog")
SOURCES = ("letter", "feed", "social", "search")
LEVELS = ("DEBUG", "INFO", "INFO", "INFO", "WARN", "ERROR")
TAGS = ("red", "green", "new", "old", "sale", "draft", "hot", "rare")
SPACES = ("", "", "", " ", "  ")


SCHEMAS = {
    "documents": columns("""
        id int64, author string, email string?, url string, tags string, title string,
        body string, code string, log string
    """)
}


class Text(ByBatch[RowsParams]):
    """One table ``documents`` of short and long texts, all in ASCII but for a few words."""

    name = "text"
    params = RowsParams
    tables = SCHEMAS

    def version(self) -> str:
        return "1"

    def rows(self, params: RowsParams) -> Mapping[str, int]:
        return {"documents": params.rows}

    def make(
        self, table: str, random: np.random.Generator, params: RowsParams, start: int, rows: int
    ) -> list[pa.Array]:
        return [
            pa.array(np.arange(start + 1, start + rows + 1)),
            _authors(random, rows),
            sparse(random, 0.05, _emails(random, rows)),
            _urls(random, rows),
            _tags(random, rows),
            sentences(random, rows, 2, 6),
            sentences(random, rows, 6, 24),
            _codes(random, rows),
            _lines(random, rows),
        ]


def _joined(*parts: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _digits(random: np.random.Generator, top: int, rows: int, digits: int = 0) -> pa.Array:
    return numbered("", random.integers(0, top, rows), digits)


def _authors(random: np.random.Generator, rows: int) -> pa.Array:
    """Draws given and family names in any case, some of them padded."""
    before, after = pick(random, SPACES, rows), pick(random, SPACES, rows)
    return _joined(before, pick(random, GIVEN, rows), " ", pick(random, FAMILY, rows), after)


def _emails(random: np.random.Generator, rows: int) -> pa.Array:
    """Draws e-mail addresses; one in twenty lacks its @."""
    at = pc.if_else(pa.array(random.random(rows) < 0.05), " at ", "@")
    user = numbered("user", skewed(random, max(10, rows // 5), rows))
    return _joined(user, at, pick(random, DOMAINS, rows))


def _urls(random: np.random.Generator, rows: int) -> pa.Array:
    scheme = pc.if_else(pa.array(random.random(rows) < 0.1), "http", "https")
    host = numbered("://www.site", skewed(random, 1_000, rows))
    path = _joined("/", pick(random, SECTIONS, rows), "/", _digits(random, 10_000, rows))
    query = _joined("?page=", _digits(random, 9, rows), "&source=", pick(random, SOURCES, rows))
    asked = pc.if_else(pa.array(random.random(rows) < 0.6), query, "")
    return _joined(scheme, host, ".example.com", path, asked)


def _tags(random: np.random.Generator, rows: int) -> pa.Array:
    """Draws one to four tags, between semicolons."""
    count = random.integers(1, 5, rows)
    parts = [
        pc.if_else(pa.array(count > place), pick(random, TAGS, rows), None) for place in range(4)
    ]
    return pc.binary_join_element_wise(*parts, ";", null_handling="skip")


def _codes(random: np.random.Generator, rows: int) -> pa.Array:
    """Draws codes, as ``DE-0042-x7``."""
    country = pick(random, ("DE", "FR", "GB", "JP", "US"), rows)
    last = pick(random, ("x", "y", "Z"), rows)
    return _joined(
        country, "-", _digits(random, 5_000, rows, 4), "-", last, _digits(random, 9, rows)
    )


def _lines(random: np.random.Generator, rows: int) -> pa.Array:
    """Draws lines, as ``12:34:56 WARN [worker-7] took 120 ms``."""
    clock = [_digits(random, top, rows, 2) for top in (24, 60, 60)]
    worker, took = _digits(random, 40, rows), _digits(random, 2_000, rows)
    level = pick(random, LEVELS, rows)
    moment = pc.binary_join_element_wise(*clock, ":")
    return _joined(moment, " ", level, " [worker-", worker, "] took ", took, " ms")
