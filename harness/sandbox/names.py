"""Names of columns, as SQL has to spell them."""

from __future__ import annotations

import re
from functools import cache

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@cache
def words_of_sql() -> frozenset[str]:
    """Returns DuckDB's keywords that cannot be a column's name in every place without quotes."""
    import duckdb

    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
        ).fetchall()
    return frozenset(word for (word,) in rows)


def needs_quotes(name: str) -> bool:
    """True if SQL has to have a name in double quotes."""
    return PLAIN.fullmatch(name) is None or name.lower() in words_of_sql()


def quoted(name: str) -> str:
    """Returns a name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def spelt(name: str) -> str:
    """Returns a name as SQL has to spell it: in double quotes only if it needs them."""
    return quoted(name) if needs_quotes(name) else name
