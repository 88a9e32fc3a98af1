"""SQL text -> a relational plan, and a description of its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from harness.answer import AnswerSpec, Training
from harness.errors import HarnessError, Unsupported, WorkloadError
from harness.plan.facts.typed import Expression
from harness.plan.guards.training import refuse_training
from harness.plan.lower.select import lower
from harness.plan.optimize.containment import over_join
from harness.plan.optimize.naming import with_key_names
from harness.plan.optimize.prune import merged, only, prune
from harness.plan.optimize.reduce import reduce
from harness.plan.optimize.rewrite import rewrite
from harness.plan.sql.answered import answer_spec
from harness.plan.sql.constants import of_unread
from harness.plan.sql.parse import one_select
from harness.plan.sql.qualified import answer_names, qualified
from harness.plan.sql.read import refuse_unread
from harness.plan.tree.nodes import Node
from harness.types import Schema

__all__ = ["FAILED", "PASSES", "Query", "compile_query", "steps"]

FAILED = "the plan layer failed"
"""The reason given for a query where the plan layer itself has a fault."""
PASSES: tuple[Callable[[Node], Node], ...] = (
    prune,
    rewrite,
    over_join,
    reduce,
    prune,
    with_key_names,
)
"""The optimizer's passes in order: each returns an equivalent plan, cheaper or easier to read."""
AS_WRITTEN: tuple[Callable[[Node], Node], ...] = (merged,)
"""The only pass of a plan *as written*: it drops steps that do nothing.

The lowering of such a plan reads whole tables, joins in FROM order and filters after the joins.
"""


@dataclass(frozen=True)
class CompiledQuery:
    """A compiled query: its SQL as written, the description of its answer, and its plan.

    ``plan`` is None if the plan layer cannot lower the query; ``unsupported`` then says why. DuckDB
    can still run it. ``write`` is the format of the file that the program writes, if it does.
    ``tree`` is the SQL as one checked SELECT in normal form, from which other dialects are printed
    and plans as written are made; it is never changed.
    """

    sql: str
    spec: AnswerSpec
    plan: Node | None
    unsupported: Unsupported | None = None
    write: str | None = None
    tree: exp.Query | None = None
    schemas: Mapping[str, Schema] = field(default_factory=dict, compare=False, repr=False)

    @property
    def end(self) -> str | Training | None:
        """What a program ends with, if not its answer: a file's format, or what its rows train."""
        return self.write or self.spec.train

    def lowered(self, *, written: bool = False, reduced: bool = True) -> Node:
        """Returns the optimized plan, or if ``written`` the plan as written.

        The latter reads whole tables, joins in FROM order and filters after the joins. Unless
        ``reduced``, the former is without the pass `reduce`, whose plans read a step twice. Raises
        Unsupported if the query has no plan.
        """
        if self.plan is None:
            raise self.unsupported or Unsupported("this query has no plan")
        if reduced and not written:
            return self.plan
        assert self.tree is not None, "a query with a plan has a tree"
        return _made(self.tree, self.schemas, written=written, reduced=reduced)


def compile_query(
    sql: str,
    schemas: Mapping[str, Schema],
    *,
    tolerance: float = 1e-6,
    write: str | None = None,
    train: Training | None = None,
) -> CompiledQuery:
    """Compiles one SELECT over tables of these schemas.

    ``tolerance`` is the relative error that floats of an answer may have, ``write`` the format of
    the file to write, ``train`` the model to train. Raises WorkloadError if the SQL is wrong: not
    one SELECT, an unknown table, column or function, or nothing that a model could be trained on.
    """
    sql = sql.strip().rstrip(";").rstrip()
    tree = one_select(sql, schemas)
    names = answer_names(sql, tree, schemas)
    normal: exp.Query | None = None
    try:
        of_unread(tree)
        refuse_unread(tree)
        normal = qualified(tree, schemas, names)
        plan, unsupported = _made(normal, schemas, written=False), None
    except Unsupported as error:
        plan, unsupported = None, error
    except WorkloadError as error:  # DuckDB accepted the query
        plan, unsupported = None, Unsupported("names that only DuckDB resolves", str(error))
    except (HarnessError, RecursionError, MemoryError):
        raise
    except Exception as error:  # a fault here; SQL engines and the referee need no plan
        plan, unsupported = None, Unsupported(f"{FAILED}: {type(error).__name__}: {error}")
    spec = answer_spec(sql, names, plan.schema if plan is not None else (), tolerance, train)
    if train is not None:
        refuse_training(spec, train, plan, ordered=spec.ties_sql is not None)
    return CompiledQuery(sql, spec, plan, unsupported, write, normal, schemas)


def _made(
    tree: exp.Query, schemas: Mapping[str, Schema], *, written: bool, reduced: bool = True
) -> Node:
    """Returns the plan of a checked tree, after all passes; if ``written``, the plan as written.

    Unless ``reduced``, `reduce` is not among the passes.
    """
    *_, (_, plan) = _plans(tree.copy(), schemas, written, reduced)
    return plan


def _plans(
    tree: exp.Query, schemas: Mapping[str, Schema], written: bool, reduced: bool = True
) -> Iterator[tuple[str, Node]]:
    """Yields the plan after lowering and after each pass, with the name of the step.

    ``written`` asks for the plan as written, whose only pass drops steps that do nothing.
    """
    plan = lower(tree, schemas, written=written)
    yield lower.__name__, plan
    passes = tuple(change for change in PASSES if reduced or change is not reduce)
    for change in AS_WRITTEN if written else passes:
        plan = only(change(plan), plan.names)
        yield change.__name__, plan


def steps(
    sql: str, schemas: Mapping[str, Schema], *, written: bool = False
) -> Iterator[tuple[str, Expression | Node]]:
    """Yields a query after each step of compilation: checked tree, plan, plan after each pass.

    Each comes with the step's name. If ``written``, plans read whole tables, join in FROM order
    and filter after the joins. Raises WorkloadError if the SQL is wrong, Unsupported if the query
    has no plan.
    """
    tree = one_select(sql, schemas)
    names = answer_names(sql, tree, schemas)
    of_unread(tree)
    refuse_unread(tree)
    tree = qualified(tree, schemas, names)
    yield "checked", tree.copy()
    yield from _plans(tree, schemas, written)
