"""A checked SELECT -> its normal form, columns resolved, and the names of its answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.canonicalize import canonicalize
from sqlglot.optimizer.simplify import Simplifier
from sqlglot.schema import MappingSchema

from harness.answer import each_once
from harness.errors import WorkloadError
from harness.plan.facts.typed import Expression
from harness.plan.sql import bound, constants, decimals
from harness.plan.sql.casts import plain_casts
from harness.plan.sql.functions import moments
from harness.plan.sql.normalize import kind_of, normalize, of_its_type
from harness.plan.sql.nulls import without_nulls
from harness.plan.sql.parse import DIALECT
from harness.plan.sql.resolve import resolved
from harness.plan.sql.spellings import distinct_on, tuples
from harness.special import EXACT
from harness.types import Schema

logger = logging.getLogger(__name__)


def answer_names(sql: str, tree: exp.Query, schemas: Mapping[str, Schema]) -> tuple[str, ...]:
    """Returns the names of the answer's columns, as DuckDB has them, made unique.

    Raises WorkloadError if DuckDB rejects the query, with a message of the harness if there is one.
    """
    try:
        names, kinds = bound.answer_columns(sql, schemas)
    except WorkloadError as error:
        raise _in_our_words(tree.copy(), schemas) or error from None
    bound.check_comparable(names, kinds)
    return each_once(names)


def _in_our_words(tree: exp.Query, schemas: Mapping[str, Schema]) -> WorkloadError | None:
    """Returns the harness's own error for a query that DuckDB rejects, or None if it has none."""
    try:
        qualified(tree, schemas, ())
    except WorkloadError as error:
        return error
    except Exception as error:  # DuckDB's own message is shown then
        logger.debug("not compiled: %s", error)
    return None


def qualified(tree: exp.Query, schemas: Mapping[str, Schema], names: Sequence[str]) -> exp.Query:
    """Returns the tree in normal form, stars expanded, columns qualified by their table.

    The answer's columns are called ``names``. Raises WorkloadError for unknown columns, Unsupported
    for what has no normal form.
    """
    known = _schema_of_tables(tree, schemas)
    tree = resolved(tree, schemas, known, names)
    return _normal(_typed(tree, known), known)


def _schema_of_tables(tree: exp.Query, schemas: Mapping[str, Schema]) -> MappingSchema:
    """Returns the names and types of the columns of a query's tables, in the form sqlglot takes."""
    columns: dict[str, object] = {
        name: {column.name: column.type.sql for column in schemas[name]}
        for name in {table.name for table in tree.find_all(exp.Table)}
        if name in schemas
    }
    return MappingSchema(columns, dialect=DIALECT)


def _typed(tree: exp.Query, known: MappingSchema) -> exp.Query:
    """Replaces constants and casts by DuckDB's, and annotates the tree with types.

    ``known`` is sqlglot's schema of the tables.
    """
    moments(tree)
    constants.written(tree)
    tree = annotate_types(constants.computed(tree), schema=known, dialect=DIALECT)
    constants.typed_nulls(tree)
    constants.texts_beside_values(tree)
    plain_casts(tree)
    return tree


def _normal(tree: exp.Query, known: MappingSchema) -> exp.Query:
    """Rewrites the tree to normal form, with decimals as integers.

    ``known`` is sqlglot's schema of the tables.
    """
    for select in list(tree.find_all(exp.Select)):
        _plain_clauses(select)
        distinct_on(select)
        tuples(select)
    tree = without_nulls(canonicalize(tree, dialect=DIALECT))
    simple: Any = _Simplifier(DIALECT).simplify(tree)
    if any("." in literal.name for literal in simple.find_all(exp.Literal)):
        # new nodes have no types yet
        simple = annotate_types(simple, schema=known, dialect=DIALECT)
    exact = decimals.in_whole_numbers(simple)
    normal: exp.Query = without_nulls(normalize(exact))
    constants.typed_nulls(normal)
    for part in normal.walk():
        part.type = None  # the plan infers its own; copying these takes time
        if isinstance(part, exp.Literal) and not part.is_string and float(part.name) < EXACT:
            whole = re.fullmatch(r"([0-9]+)e0", part.name)
            part.set("this", f"{whole[1]}.0" if whole else part.name.removesuffix("e0"))
    return normal


class _Simplifier(Simplifier):
    """sqlglot's simplifier, without rules that hold for integers but not for floats.

    What is left of a CASE keeps its type.
    """

    def simplify_equality(self, expression: exp.Expr) -> exp.Expr:
        side = expression.this if isinstance(expression, self.COMPARISONS) else None
        if isinstance(side, exp.Binary) and not (_is_whole(side.left) and _is_whole(side.right)):
            return expression
        equal: exp.Expr = super().simplify_equality(expression)
        return equal

    def simplify_conditionals(self, expression: exp.Expr) -> exp.Expr:
        kind = kind_of(expression)
        return of_its_type(super().simplify_conditionals(expression), kind)

    def _simplify_binary(self, expression: Any, a: Any, b: Any) -> Any:
        if a.is_number and b.is_number and not (a.is_int and b.is_int):
            return None
        found = super()._simplify_binary(expression, a, b)  # type: ignore[no-untyped-call]
        is_beyond = isinstance(found, exp.Literal) and found.is_int and int(found.name) >= 2**63
        return None if is_beyond else found


def _is_whole(e: Expression) -> bool:
    """True if an expression's type is known and not a float."""
    return not e.is_type(*exp.DataType.FLOAT_TYPES, *exp.DataType.REAL_TYPES, exp.DType.UNKNOWN)


def _plain_clauses(select: exp.Select) -> None:
    """Writes out ``order by all``; rewrites ``semi join t on c`` to ``exists (from t where c)``.

    Before a RIGHT or FULL join a semi join filters other rows, and is left as it is.
    """
    order, joins = select.args.get("order"), select.args.get("joins") or []
    if order is not None and any(isinstance(key.this, exp.Var) for key in order.expressions):
        (every,) = order.expressions
        keys = [every.copy() for _ in select.selects]
        for key, item in zip(keys, select.selects, strict=True):
            key.set("this", exp.column(item.alias_or_name))
        order.set("expressions", keys)
    if any(join.side in ("RIGHT", "FULL") for join in joins):
        return
    for join in [j for j in joins if j.kind in ("SEMI", "ANTI") and j.args.get("on") is not None]:
        rows = exp.select("1").from_(join.this.copy()).where(join.args["on"].copy())
        test: Expression = exp.Exists(this=rows)
        select.where(test if join.kind == "SEMI" else exp.Not(this=test), copy=False)
        joins.remove(join)
