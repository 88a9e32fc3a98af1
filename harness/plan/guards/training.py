"""Refuses queries on whose answers no model can be trained, before anything runs."""

from __future__ import annotations

from harness.answer import AnswerSpec, Training
from harness.errors import WorkloadError
from harness.plan.tree.nodes import Filter, Node, Project, Scan
from harness.types import Type
from harness.words import suggestion


def refuse_training(spec: AnswerSpec, train: Training, plan: Node | None, ordered: bool) -> None:
    """Raises WorkloadError unless the answer's rows can train a model, in one order on all engines.

    ``plan`` is None if the plan layer cannot lower the query. ``ordered`` says that the query has
    an ORDER BY; whether rows tie under it, the referee finds out.
    """
    if train.target not in spec.columns:
        hint = suggestion(train.target, spec.columns, "columns")
        raise WorkloadError(f"train: the answer has no column {train.target!r}; {hint}")
    if len(spec.columns) == 1:
        raise WorkloadError(f"train: the answer has no column but the target {train.target!r}")
    for column in spec.schema:
        if column.type not in (Type.INT64, Type.FLOAT64):
            raise WorkloadError(
                f"train: the column {column.name!r} is of type {column.type}, and a model learns "
                "from numbers: cast it, or leave it out"
            )
    if not ordered and not streams(plan):
        raise WorkloadError(
            "train: the query needs an ORDER BY that puts each row in its place, since a model "
            "depends on the order of its rows; only columns and rows of one table, which are in "
            "the table's order, need none"
        )


def streams(plan: Node | None) -> bool:
    """True if a plan only filters and computes rows of one table, which then keep its order."""
    while isinstance(plan, (Filter, Project)):
        plan = plan.input
    return isinstance(plan, Scan)
