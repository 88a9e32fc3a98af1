"""SQL text -> a relational plan, and what its answer must look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from harness.answer import AnswerSpec, SortKey
from harness.errors import HarnessError, Unsupported
from harness.plan.containment import over_join
from harness.plan.lower import lower
from harness.plan.naming import with_key_names
from harness.plan.nodes import Expression, Node
from harness.plan.parse import DIALECT, one_select, printed, qualified
from harness.plan.prune import prune
from harness.plan.read import refuse_unread
from harness.plan.reduce import reduce
from harness.plan.rewrite import rewrite
from harness.types import Schema

__all__ = ["FAILED", "Query", "compile_query"]

FAILED = "the plan layer failed"

_EVERY = 2**62
"""The LIMIT that an OFFSET by itself has: more rows than there are."""


@dataclass(frozen=True)
class Query:
    """A compiled query: its SQL as written, its plan, and what its answer must look like.

    ``plan`` is None where the plan layer cannot lower the query; ``unsupported`` then says why.
    SQL engines can still run it. ``write`` is the format of the file that the timed work leaves.
    """

    sql: str
    spec: AnswerSpec
    plan: Node | None
    unsupported: Unsupported | None = None
    write: str | None = None

    @property
    def printed(self) -> str:
        """The SQL as it was read here, without what was no part of that: for other engines."""
        return printed(self.sql)

    def lowered(self) -> Node:
        """The plan, or the Unsupported that says why there is none."""
        if self.plan is None:
            raise self.unsupported or Unsupported("this query has no plan")
        return self.plan


def compile_query(
    sql: str,
    schemas: Mapping[str, Schema],
    *,
    tolerance: float = 1e-6,
    write: str | None = None,
) -> Query:
    """Compiles one SELECT over tables of these schemas.

    Raises WorkloadError where the SQL is wrong: not one SELECT, or an unknown table, column or
    function.
    """
    sql = sql.strip().rstrip(";").rstrip()
    tree = one_select(sql, schemas)
    try:
        refuse_unread(tree)
        tree = qualified(tree, schemas)
        plan, unsupported = _optimized(lower(tree, schemas)), None
    except Unsupported as error:
        plan, unsupported = None, error
    except (HarnessError, RecursionError, MemoryError):
        raise
    except Exception as error:  # a fault of ours; SQL engines and the referee need no plan
        plan, unsupported = None, Unsupported(f"{FAILED}: {type(error).__name__}: {error}")
    spec = _spec(sql, tree, plan, tolerance)
    return Query(sql, spec, plan, unsupported, write)


def _optimized(plan: Node) -> Node:
    return with_key_names(prune(reduce(over_join(rewrite(prune(plan))))))


def _spec(sql: str, tree: exp.Query, plan: Node | None, tolerance: float) -> AnswerSpec:
    schema = plan.schema if plan is not None else ()
    keys = _order(tree)
    order = _leading(keys, tree.selects)
    limit, offset = _count(tree, "limit", _EVERY), _count(tree, "offset", 0)
    if limit is None or offset is None or (limit, offset) == (_EVERY, 0):
        return AnswerSpec(schema, sql, order, tolerance=tolerance)
    widened = _widened(sql, order if len(order) == len(keys) else None, limit + offset)
    return AnswerSpec(schema, sql, order, limit, offset, widened, tolerance)


def _count(tree: exp.Query, clause: str, without: int) -> int | None:
    """The number of rows in LIMIT or OFFSET; None where it is computed."""
    found = tree.args.get(clause)
    if found is None:
        return without
    number = found.args.get("expression")
    is_number = isinstance(number, exp.Literal) and number.name.isdecimal()
    return int(number.name) if is_number else None


def _order(tree: exp.Query) -> list[exp.Ordered]:
    order = tree.args.get("order")
    return list(order.expressions) if order is not None else []


def _leading(keys: Sequence[exp.Ordered], items: Sequence[Expression]) -> tuple[SortKey, ...]:
    """The ORDER BY keys, up to the first that is not a column of the answer."""
    names = {item.alias_or_name for item in items}
    by_value = {item.unalias(): item.alias_or_name for item in items}
    leading = []
    for key in keys:
        bare = isinstance(key.this, exp.Column) and not key.this.table and key.this.name in names
        name = key.this.name if bare else by_value.get(key.this)
        if name is None:
            break
        leading.append(SortKey(name, bool(key.args.get("desc")), bool(key.args.get("nulls_first"))))
    return tuple(leading)


def _widened(sql: str, order: Sequence[SortKey] | None, rows: int) -> str:
    """All rows that may stand in the answer of a query with a LIMIT, each with its rank.

    ``order`` is None where a key of ORDER BY is not a column of the answer; the rank is then
    computed inside, over the expressions themselves.
    """
    tree = sqlglot.parse_one(sql, read=DIALECT)
    assert isinstance(tree, exp.Query)
    keys = _order(tree)
    for clause in ("order", "limit", "offset"):
        tree.set(clause, None)
    if order is None:
        aliases = {item.alias: item.unalias() for item in tree.selects if item.alias}
        for key in keys:
            key.set("this", aliases.get(key.this.name, key.this).copy())
        rank = exp.Window(this=exp.Rank(), order=exp.Order(expressions=keys))
        tree.append("expressions", exp.alias_(rank, "__rank"))
        return f"select * from ({tree.sql('duckdb')}) as answer where __rank <= {rows}"
    by = ", ".join(_spelt(key) for key in order)
    window = f"rank() over ({'order by ' + by if by else ''})"
    inner = tree.sql("duckdb")
    return f"select *, {window} as __rank from ({inner}) as answer qualify __rank <= {rows}"


def _spelt(key: SortKey) -> str:
    name = exp.to_identifier(key.column, quoted=True).sql("duckdb")
    nulls = "first" if key.nulls_first else "last"
    return f"{name} {'desc' if key.descending else 'asc'} nulls {nulls}"
