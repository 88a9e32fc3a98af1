"""A parsed query -> the same query, in one way of writing what can be written in several."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from harness.errors import WorkloadError
from harness.plan.typed import Expression
from harness.types import Schema

MOST_DIGITS = 38
"""Of a whole number that is written: what 128 bits hold. Longer ones are texts to DuckDB."""


def plainly_written(tree: exp.Query, schemas: Mapping[str, Schema]) -> None:
    """Changes the tree: names by one spelling; joins, limits and numbers as all have them."""
    one_spelling(tree, schemas)
    for select in tree.find_all(exp.Select):
        _joins_of_from(select)
    for query in tree.find_all(exp.Query):
        _limit(query)
    for number in tree.find_all(exp.Literal):
        if not number.is_string and number.name.isdecimal():
            number.set("this", _whole(number.name.lstrip("0") or "0"))


def _whole(digits: str) -> str:
    """The number. Raises WorkloadError where it is none that DuckDB reckons with as a number."""
    if len(digits) > MOST_DIGITS:
        raise WorkloadError(
            f"the number {digits[:12]}… of {len(digits):,} digits is out of range; a whole number "
            f"has {MOST_DIGITS} at most"
        )
    return digits


def one_spelling(tree: exp.Query, schemas: Mapping[str, Schema]) -> None:
    """Names have no case in DuckDB: each as its table has it, or as it was written first.

    The names of the answer's columns stay as they were written.
    """
    answer = {id(item.args["alias"]) for item in tree.selects if isinstance(item, exp.Alias)}
    spellings = _declared(schemas)
    for name in tree.find_all(exp.Identifier, bfs=False):
        if id(name) not in answer and isinstance(name.this, str):
            name.set("this", spellings.setdefault(name.this.lower(), name.this))
        elif isinstance(name.this, str):
            spellings.setdefault(name.this.lower(), name.this)


def _declared(schemas: Mapping[str, Schema]) -> dict[str, str]:
    """The names of tables and columns by themselves without case; none that has two spellings."""
    names = [*schemas, *(column.name for schema in schemas.values() for column in schema)]
    spellings: dict[str, set[str]] = {}
    for name in names:
        spellings.setdefault(name.lower(), set()).add(name)
    return {lower: next(iter(found)) for lower, found in spellings.items() if len(found) == 1}


def _joins_of_from(select: exp.Select) -> None:
    """``from a join b select …``: the joins hang on the table, and not on the SELECT."""
    clause = select.args.get("from_")
    first = clause.this if clause is not None else None
    if isinstance(first, exp.Table) and first.args.get("joins"):
        joins: list[Expression] = first.args["joins"]
        first.set("joins", None)
        select.set("joins", [*joins, *(select.args.get("joins") or [])])


def _limit(query: exp.Query) -> None:
    """``fetch first 2 rows only`` as LIMIT 2; ``limit all`` and ``limit null`` as none."""
    limit = query.args.get("limit")
    if isinstance(limit, exp.Fetch) and _is_plain(limit):
        query.set("limit", exp.Limit(expression=limit.args["count"]))
    elif isinstance(limit, exp.Limit):
        count = limit.expression
        if isinstance(count, exp.Null) or (isinstance(count, exp.Var) and count.name == "ALL"):
            query.set("limit", None)


def _is_plain(fetch: exp.Fetch) -> bool:
    """Whether a number of rows is asked for: no share of them, and none that tie."""
    options = fetch.args.get("limit_options")
    parts = options.args if options is not None else {}
    literal = isinstance(fetch.args.get("count"), exp.Literal)
    return literal and not (parts.get("percent") or parts.get("with_ties"))
