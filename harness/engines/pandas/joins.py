"""Emits joins of every kind for pandas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from harness.engines.pandas.steps import PandasSteps, keywords
from harness.engines.pandas.values import MASKED
from harness.engines.python.kernel import listing, mapping, one_or_list, quoted
from harness.plan.facts.columns import fresh
from harness.plan.optimize.naming import frame_name
from harness.plan.tree.nodes import (
    Join,
    Node,
    columns_in,
)
from harness.plan.tree.selective import selective
from harness.types import Type


class PandasJoins(PandasSteps):
    """Emits the joins of a program in pandas' API."""

    looks_up_first: ClassVar[bool] = True
    """Whether rows are filtered by one key, with ``isin``, before a selective join on two."""

    def join(self, node: Join) -> str:
        if node.residual is not None and node.kind != "inner":
            raise self.gaps.unsupported("a join other than inner with more than equalities")
        if node.kind in ("semi", "anti"):
            return self._semi(node)
        if node.kind == "single":
            return self._single(node)
        if self.looks_up_first and (restricted := _looked_up_first(node)) is not node:
            merged = self.join(restricted)
            self.physical[node] = self.physical[restricted]
            return merged
        left, right, risky = self._sides(node)
        if risky and node.kind == "full":
            return self._full(node, left, right, risky)
        options = "" if node.kind == "cross" else f", {on_keys(node)}"
        how = {"full": "outer"}.get(node.kind, node.kind)
        options += "" if how == "inner" else f", how={quoted(how)}"
        known = f".dropna(subset={listing(risky)})" if risky else ""
        merged = self.assign(node, f"{left}.merge({right}{known}{options})")
        self.physical[node] = self._merged(node)
        if node.residual is not None:
            condition = self.printer(self.gaps, node.unpruned, merged).kept(node.residual)
            self.statements.append(f"{merged} = {merged}[{condition}]")
        return merged

    def _merged(self, node: Join) -> tuple[str, ...]:
        """Returns the names of the columns that a merge of both inputs has, in order."""
        theirs = (c for c in self.order(node.right) if c not in node.shared_keys)
        return (*self.order(node.left), *theirs)

    def _sides(self, node: Join) -> tuple[str, str, list[str]]:
        """Returns the texts of both inputs, cast for the join, and the names of risky right keys.

        A right key is risky if it and its left key may be NULL: merge would match their NULLs.
        """
        left, right = (
            self.exact(side) + (f".astype({mapping(dtypes)})" if dtypes else "")
            for side, dtypes in zip(node.inputs, self._join_dtypes(node), strict=True)
        )
        pairs = [(node.left.column(a), node.right.column(b)) for a, b in node.on]
        return left, right, [b.name for a, b in pairs if a.nullable and b.nullable]

    def _join_dtypes(self, node: Join) -> tuple[dict[str, str], dict[str, str]]:
        """Maps columns of a join's left and right input to the dtypes to which they are cast."""
        left = self._keeping_integers(node, node.left) if node.kind == "full" else {}
        right = self._keeping_integers(node, node.right) if node.kind in ("left", "full") else {}
        return left, right

    def _full(self, node: Join, left: str, right: str, risky: Sequence[str]) -> str:
        """Emits a full join; right rows with NULL in a ``risky`` key match nothing, and are added.

        ``left`` and ``right`` are the inputs' texts, ``risky`` the right keys that may be NULL and
        whose left keys may be, too.
        """
        if "." in right:
            right = self._in_variable(node.right, right)
        known = f"{right}.dropna(subset={listing(risky)})"
        merged = self.assign(node, f'{left}.merge({known}, {on_keys(node)}, how="outer")')
        self.physical[node] = self._merged(node)
        missing = " | ".join(f"{right}[{quoted(key)}].isna()" for key in risky)
        alone = f"{right}[{missing}]"
        both = f"{self.library}.concat([{merged}, {alone}], ignore_index=True)"
        self.statements.append(f"{merged} = {both}")
        return merged

    def _in_variable(self, node: Node, text: str) -> str:
        """Assigns a frame of the node's rows to a new variable, and returns its name."""
        variable = self.variables.fresh(frame_name(node))
        self.statements.append(f"{variable} = {text}")
        return variable

    def _keeping_integers(self, node: Join, side: Node) -> dict[str, str]:
        """Maps integers and booleans of ``side``, a join's input, to dtypes with NULL.

        Rows without a partner would make floats or objects of them. Keys that both inputs share are
        left out.
        """
        if not self.printer.masks:
            return {}
        wanted = (set(node.names) | columns_in(node.residual)) - node.shared_keys
        return {
            c.name: self.printer.dtypes[c.type][True]
            for c in side.schema
            if c.type in MASKED and not c.nullable and c.name in wanted
        }

    def _semi(self, node: Join) -> str:
        left, right = self.frame(node.left), self.frame(node.right)
        if len(node.on) > 1:
            return self._semi_merge(node)
        ((ours, theirs),) = node.on
        keys = f"{right}[{quoted(theirs)}]"
        values, members = node.left.column(ours), node.right.column(theirs)
        as_floats = members.type is Type.INT64  # pandas compares floats if one of them is NULL
        if members.nullable and (values.nullable or as_floats):
            keys = f"{keys}.dropna()"
        sign = "~" if node.kind == "anti" else ""
        return self.assign(node, self._rows(node, f"{sign}{left}[{quoted(ours)}].isin({keys})"))

    def _semi_merge(self, node: Join) -> str:
        """Emits a semi or anti join on several keys as a merge with the distinct right keys."""
        left, right = self.exact(node.left), self.frame(node.right)
        ours, theirs = [a for a, _ in node.on], [b for _, b in node.on]
        keys = f"{right}[{listing(theirs)}]"
        if len(set(theirs)) < len(theirs):  # one right column equals two left ones
            keys = self._copied(right, node.on)
        elif renames := {b: a for a, b in node.on if a != b}:
            keys += f".rename(columns={mapping(renames)})"
        risky = [
            a for a, b in node.on if node.left.column(a).nullable and node.right.column(b).nullable
        ]
        keys += f".dropna(subset={listing(risky)})" if risky else ""
        keys += ".drop_duplicates()"
        self.physical[node] = self.order(node.left)
        if node.kind == "semi":
            return self.assign(node, f"{left}.merge({keys}, on={listing(ours)})")
        return self._unmatched(node, left, keys)

    def _unmatched(self, node: Join, left: str, keys: str) -> str:
        """Emits the rows of ``left`` whose keys are not in ``keys``.

        Both are texts of frames; that of ``keys`` has the distinct right keys, by the left names.
        """
        found = fresh("_merge", set(self.physical[node]))
        indicator = "True" if found == "_merge" else quoted(found)
        how = f'on={listing([a for a, _ in node.on])}, how="left", indicator={indicator}'
        merged = self.assign(node, f"{left}.merge({keys}, {how})")
        self.physical[node] += (found,)
        self.statements.append(f'{merged} = {merged}[{merged}[{quoted(found)}] == "left_only"]')
        return merged

    def _copied(self, frame: str, pairs: Sequence[tuple[str, str]]) -> str:
        """Returns the text of a frame with columns of ``frame`` under new names, as (new, old).

        An old name may occur twice.
        """
        columns = ", ".join(f"{quoted(new)}: {frame}[{quoted(old)}]" for new, old in pairs)
        return f"{self.library}.DataFrame({{{columns}}})"

    def _single(self, node: Join) -> str:
        """Emits a scalar subquery: its one value beside every row."""
        left, right = self.frame(node.left), self.frame(node.right)
        if self._may_be_nothing(node.right):
            left, right = self.exact(node.left), self.exact(node.right)
            self.physical[node] = self._merged(node)
            return self.assign(node, f'{left}.merge({right}, how="cross")')
        self.physical[node] = self.physical[node.left] + node.right.names
        values = keywords((c, f"{right}[{quoted(c)}].iloc[0]") for c in node.right.names)
        return self.assign(node, f"{left}.assign({values})")

    def _may_be_nothing(self, node: Node) -> bool:
        """True if a node of one row may have a NULL in a column, whose dtype would then be lost."""
        return bool(self.dtypes_of_nothing(node))


def _looked_up_first(node: Join) -> Join:
    """Returns an inner join with its right side filtered first: to left values of one integer key.

    That saves time if there are several keys, and only the left side has a filter for single
    values: pandas numbers the values of each key of both sides. Other joins are left unchanged.
    """
    if node.kind != "inner" or not selective(node.left) or selective(node.right):
        return node
    for ours, theirs in node.on if len(node.on) > 1 else ():
        if node.left.column(ours).type is Type.INT64:
            return replace(node, right=Join("semi", node.right, node.left, ((theirs, ours),)))
    return node


def on_keys(node: Join) -> str:
    """Returns the options of ``merge`` for a join's keys: ``on="k"``."""
    left, right = [a for a, _ in node.on], [b for _, b in node.on]
    if left == right:
        return f"on={one_or_list(left)}"
    return f"left_on={one_or_list(left)}, right_on={one_or_list(right)}"
