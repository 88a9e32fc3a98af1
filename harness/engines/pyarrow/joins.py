"""Emits a join as options of Acero's hash join."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from harness.engines.gaps import Gaps
from harness.engines.pyarrow.expressions import ArrowExpressions
from harness.engines.pyarrow.flow import Flow, column, with_one_zero
from harness.engines.python.kernel import listing, quoted
from harness.plan.facts.columns import fresh
from harness.plan.tree.nodes import AsOfJoin, Join, Node, columns_in
from harness.plan.tree.selective import selective
from harness.types import Type

CROSS_KEY = "one"
"""The constant column that is the key of a join without an equality."""

_KINDS = {
    "inner": "inner",
    "left": "left outer",
    "right": "right outer",
    "full": "full outer",
    "semi": "left semi",
    "anti": "left anti",
    "cross": "inner",
}


class Sides(NamedTuple):
    """The columns that a hash join outputs from each side."""

    left: tuple[str, ...]
    right: tuple[str, ...]

    @property
    def both(self) -> frozenset[str]:
        return frozenset(self.left) & frozenset(self.right)


def with_few_on_the_right(node: Join) -> Join:
    """Swaps an inner join's inputs if only the left one has a filter for single values.

    Acero builds its hash table from the right rows, and filters the left ones by it.
    """
    if node.kind != "inner" or not selective(node.left) or selective(node.right):
        return node
    on = tuple((theirs, ours) for ours, theirs in node.on)
    return replace(node, left=node.right, right=node.left, on=on)


def sides(node: Join, left: Flow, right: Flow) -> Sides:
    """Returns the output columns of each side; a full join outputs both sides' shared keys."""
    shared = node.shared_keys
    ours = tuple(n for n in node.names if n in left.columns and n in node.left.names)
    theirs = tuple(n for n in node.names if n in right.columns and n in node.right.names)
    if not (ours or theirs):  # only the number of rows matters; Arrow needs a column
        ours = left.columns[:1]
    if node.kind in ("semi", "anti"):
        return Sides(ours, ())
    if node.kind == "right":
        return Sides(tuple(n for n in ours if n not in shared), theirs)
    if node.kind != "full":
        theirs = tuple(n for n in theirs if n not in shared)
    return Sides(ours, theirs)


def options(node: Join, right: Flow, output: Sides, gaps: Gaps) -> str:
    """Returns the text of the hash join's options; as in SQL, NULL keys equal nothing."""
    texts = [quoted(_KINDS[node.kind]), *_keys(node, right)]
    texts += [f"left_output={listing(output.left)}", f"right_output={listing(output.right)}"]
    if output.both:
        texts.append('output_suffix_for_right="_right"')
    if node.residual is not None:
        texts.append(f"filter_expression={_residual(node, gaps)}")
    return f"HashJoinNodeOptions({', '.join(texts)})"


def _keys(node: Join, right: Flow) -> list[str]:
    if not node.on:
        return [f"left_keys={listing([CROSS_KEY])}", f"right_keys={listing([CROSS_KEY])}"]
    theirs = [b if b in right.columns else f"{b}_right" for _, b in node.on]
    return [f"left_keys={listing([a for a, _ in node.on])}", f"right_keys={listing(theirs)}"]


def _residual(node: Join, gaps: Gaps) -> str:
    assert node.residual is not None
    ours = {c.name for c in node.left.schema}
    schema = node.left.schema + tuple(c for c in node.right.schema if c.name not in ours)
    return ArrowExpressions(gaps, schema).kept(node.residual)


def unambiguous(node: Join, left: Flow, right: Flow) -> tuple[Flow, Flow]:
    """Returns both flows so that each column that the join's residual reads is in one only.

    The residual is the condition beside the equal keys. A shared key that it reads is renamed on
    the right.
    """
    read = columns_in(node.residual) & set(left.columns) & set(right.columns)
    if read - node.shared_keys:
        left, right = left.trimmed(node.left.names), right.trimmed(node.right.names)
    if shared := read & node.shared_keys:
        names = node.right.names
        right = right.projected({f"{n}_right" if n in shared else n: column(n) for n in names})
    return left, right


def with_keys(node: Join, left: Flow, right: Flow, gaps: Gaps) -> tuple[Flow, Flow]:
    """Returns both inputs with -0.0 as 0.0 in float keys: the two are equal in SQL, not in Acero.

    A join without keys, as a cross join, gets a constant key on both sides.
    """
    if not node.on:
        left = _with_constant_key(left, node.left, gaps)
        return left, _with_constant_key(right, node.right, gaps)
    for ours, theirs in node.on:
        if node.left.column(ours).type is Type.FLOAT64:
            there = theirs if theirs in right.columns else f"{theirs}_right"
            left, right = with_one_zero(left, [ours]), with_one_zero(right, [there])
    return left, right


def _with_constant_key(flow: Flow, node: Node, gaps: Gaps) -> Flow:
    if CROSS_KEY in node.names:
        raise gaps.unsupported(f"a cross join of a table with a column {CROSS_KEY!r}")
    return flow.projected({n: column(n) for n in node.names} | {CROSS_KEY: "pc.scalar(1)"})


def coalesced(flow: Flow, output: Sides) -> Flow:
    """Returns a full join's flow with each shared key taken from the side that has it."""
    texts = {name: column(name) for name in flow.columns}
    for name in output.both:
        texts[name] = f"pc.coalesce({column(name)}, {column(f'{name}_right')})"
    return flow.projected(texts)


def refuse_as_of(node: AsOfJoin, gaps: Gaps) -> None:
    """Raises Unsupported for an ASOF JOIN that Acero does not have.

    It has none by ``<`` or ``>``, by floats, with equal booleans, or LEFT with a NULL left value.
    """
    if not node.exact:
        raise gaps.unsupported("ASOF JOIN by < or >")
    if node.left.column(node.on[0]).type is Type.FLOAT64:
        raise gaps.unsupported("ASOF JOIN by floats")
    if any(node.left.column(key).type is Type.BOOLEAN for key, _ in node.by):
        raise gaps.unsupported("ASOF JOIN with booleans that are equal")
    if node.outer and node.unmatched(node.left):
        raise gaps.unsupported("ASOF LEFT JOIN where a left key may be NULL")


def with_values(flow: Flow, side: Node, node: AsOfJoin) -> Flow:
    """Returns the flow of one of the inputs, ``side``, without rows where a key is NULL.

    As one of the keys that are equal, Acero takes NULL for 0.
    """
    nullable = node.unmatched(side)
    return flow.then("filter", f"FilterNodeOptions({is_valid(nullable)})") if nullable else flow


def is_valid(names: Sequence[str]) -> str:
    return " & ".join(f"{column(name)}.is_valid()" for name in names)


def as_payload(node: AsOfJoin, right: Flow) -> tuple[Flow, dict[str, str]]:
    """Returns the right flow, and a map from the right keys to the names to join by.

    Acero leaves a join's right keys out of its result. So keys that the plan needs are copied, and
    the join is by the copies.
    """
    read = [*node.names, *([] if node.outer else [node.on[1]])]
    copied = [key for key in node.keys(1) if key in read and key not in node.shared_keys]
    taken = {*node.left.names, *node.right.names}
    names = {key: fresh(f"{key}_key", taken) if key in copied else key for key in node.keys(1)}
    if not copied:
        return right, names
    texts = {name: column(name) for name in right.columns}
    return right.projected(texts | {names[key]: column(key) for key in copied}), names


def as_of(node: AsOfJoin, names: Mapping[str, str]) -> str:
    """Returns the text of the options of ``join_asof``: keys, and no limit to the distance.

    ``names`` maps the right keys to their names in the right flow.
    """
    *right_by, right_on = (names[key] for key in node.keys(1))
    by = f"by={listing(node.keys(0)[:-1])}, right_by={listing(right_by)}"
    tolerance = "-(2**63 - 1)" if node.backward else "2**63 - 1"
    return f"on={quoted(node.on[0])}, right_on={quoted(right_on)}, {by}, tolerance={tolerance}"
