"""SQL as written -> a description of its right answer: columns, order, LIMIT."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from harness.answer import AnswerSpec, SortKey, Training
from harness.errors import WorkloadError
from harness.plan.sql.parse import parsed
from harness.plan.sql.sources import ordered_by, places
from harness.plan.sql.written import plain_limit, plain_places, rows_of
from harness.plan.tree.nodes import Expression
from harness.sandbox.guard import identifier
from harness.types import Schema
from harness.words import folded

_EVERY = 2**62
"""The LIMIT of a query that only has an OFFSET: more rows than any answer has."""


def answer_spec(
    sql: str,
    names: tuple[str, ...],
    schema: Schema,
    tolerance: float,
    train: Training | None = None,
) -> AnswerSpec:
    """Describes the answer of a query; ``schema`` is empty if the answer's types are not known.

    ``names`` are the answer's columns, ``tolerance`` is the relative error that floats may have,
    ``train`` is what the rows train. Raises WorkloadError if nobody can say whether rows tie under
    the ORDER BY of a query whose rows train a model.
    """
    tree = parsed(sql)
    plain_places(tree)
    plain_limit(tree)
    keys = _keys(tree)
    columns = [_column(key.this, tree, names) for key in keys]
    order = []
    for name, key in zip(columns, keys, strict=True):
        if name is None:
            break
        order.append(_sort_key(name, key))
    limit, offset = _count(tree, "limit", _EVERY), _count(tree, "offset", 0)
    widened, ties = None, None
    if train is not None and keys:
        rows = _EVERY if limit is None or offset is None else limit + offset
        ties = _ties(tree.copy(), names, columns, rows)
    if limit is not None and offset is not None and (limit, offset) != (_EVERY, 0):
        widened = _widened(tree, names, columns, limit + offset)
    if widened is None or offset is None:
        limit, offset = None, 0
    return AnswerSpec(
        schema, sql, tuple(order), limit, offset, widened, tolerance, names, None, train, ties
    )


def _ties(tree: exp.Query, names: Sequence[str], columns: Sequence[str | None], rows: int) -> str:
    """Returns SQL that gives a row if any of the first ``rows`` rows tie, and differ.

    The arguments are those of `_widened`.
    """
    ranked = _widened(tree, names, columns, rows)
    if ranked is None:
        raise WorkloadError("train: each key of the ORDER BY must be a column of the answer")
    rank = _unlike("__rank", names)
    each_once = f"select distinct * from ({ranked}) as ranked"
    return f"select {rank} from ({each_once}) as rows group by 1 having count(*) > 1 limit 1"


def _keys(tree: exp.Query) -> list[exp.Ordered]:
    order = tree.args.get("order")
    return list(order.expressions) if order is not None else []


def _count(tree: exp.Query, clause: str, without: int) -> int | None:
    """Returns the number of rows in ``clause``, which is ``limit`` or ``offset``.

    Returns ``without`` if the query does not have the clause, and None if the number is not
    constant, or a percentage.
    """
    found = tree.args.get(clause)
    return without if found is None else rows_of(found)


def _column(key: Expression, tree: exp.Query, names: Sequence[str]) -> str | None:
    """Returns the answer's column that an ORDER BY key names, or None if it names none."""
    items = tree.selects
    if isinstance(key, exp.Literal) and key.is_int:
        number = int(key.name) - 1
        return names[number] if 0 <= number < len(names) else None
    star = len(items) != len(names)
    if isinstance(key, exp.Column) and not key.table:
        found, lower = ordered_by(key.name, tree), folded(key.name)
        if found is not None:
            place = places(items, len(names))[found]
            return None if place is None else names[place]
        return next((name for name in names if star and folded(name) == lower), None)
    values = [] if star else [item.unalias() for item in items]
    return next((name for name, value in zip(names, values, strict=False) if value == key), None)


def _sort_key(name: str, key: exp.Ordered) -> SortKey:
    return SortKey(name, bool(key.args.get("desc")), bool(key.args.get("nulls_first")))


def _widened(
    tree: exp.Query, names: Sequence[str], columns: Sequence[str | None], rows: int
) -> str | None:
    """Returns SQL for all rows that the answer of a query with a LIMIT may contain, with ranks.

    Ties make these more than ``rows``, the sum of LIMIT and OFFSET. ``names`` are the answer's
    columns, ``columns`` those that the ORDER BY keys name (None: a key is no column). Sort keys
    that are not in the answer are added inside the query and removed outside. Returns None if that
    would change the query's meaning.
    """
    keys = _keys(tree)
    for clause in ("order", "limit", "offset"):
        tree.set(clause, None)
    if len(tree.selects) == len(names):
        named = zip(tree.selects, names, strict=True)
        tree.set("expressions", [exp.alias_(item.unalias(), n, quoted=True) for item, n in named])
    lacking = [key for key, column in zip(keys, columns, strict=True) if column is None]
    if lacking and (not isinstance(tree, exp.Select) or tree.args.get("distinct")):
        return None
    added = [_unlike(f"__key{place}", names) for place in range(len(lacking))]
    for name, key in zip(added, lacking, strict=True):
        tree.append("expressions", exp.alias_(key.this, name))
    waiting = iter(added)
    order = [
        _spelt(_sort_key(column or next(waiting), key))
        for key, column in zip(keys, columns, strict=True)
    ]
    rank = _unlike("__rank", names)
    window = f"rank() over ({'order by ' + ', '.join(order) if order else ''})"
    every = f"* exclude ({', '.join(added)})" if added else "*"
    inner = tree.sql("duckdb")
    return f"select {every}, {window} as {rank} from ({inner}) as answer qualify {rank} <= {rows}"


def _unlike(wanted: str, names: Sequence[str]) -> str:
    """Returns the wanted name, with underscores before it until no column has it."""
    return (
        wanted if wanted not in {folded(name) for name in names} else _unlike(f"_{wanted}", names)
    )


def _spelt(key: SortKey) -> str:
    direction = "desc" if key.descending else "asc"
    nulls = "first" if key.nulls_first else "last"
    return f"{identifier(key.column)} {direction} nulls {nulls}"
