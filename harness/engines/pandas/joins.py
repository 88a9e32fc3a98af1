"""Emits joins of every kind for pandas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from sqlglot import exp

from harness.engines.pandas.steps import PandasSteps, keywords
from harness.engines.pandas.tables import dtypes_of_nothing
from harness.engines.pandas.values import MASKED
from harness.engines.python.kernel import listing, mapping, one_or_list, quoted
from harness.plan.facts.columns import fresh
from harness.plan.optimize.naming import frame_name
from harness.plan.tree.nodes import (
    AsOfJoin,
    Filter,
    Join,
    Limit,
    Node,
    Project,
    Scan,
    Sort,
    columns_in,
)
from harness.plan.tree.selective import selective
from harness.types import Column, Type

_COMPARABLE = {
    Type.FLOAT64: "float64",
    Type.DATE: "datetime64[us]",
    Type.TIMESTAMP: "datetime64[us]",
}
"""The dtype of keys that ``merge_asof`` compares, where a computed one may have another."""


def _is_as_read(node: Node, name: str) -> bool:
    """True if a column of the node has the values of a table's column, and so its dtype."""
    match node:
        case Scan():
            return True
        case Filter() | Sort() | Limit():
            return _is_as_read(node.input, name)
        case Project():
            e = dict(node.items)[name]
            return isinstance(e, exp.Column) and _is_as_read(node.input, e.name)
    return False


def _by(node: AsOfJoin) -> list[tuple[str, list[str]]]:
    """Returns the keys that are equal of each side, if there are any; as ("left", […])."""
    return [(side, node.keys(n)[:-1]) for n, side in enumerate(("left", "right")) if node.by]


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

    def as_of_join(self, node: AsOfJoin) -> str:
        ours_on, theirs_on = node.on
        alone = self._rows_without(node) if node.outer else None
        left, right = self._nearest_side(node, 0), self._nearest_side(node, 1)
        options = [f"left_on={quoted(ours_on)}", f"right_on={quoted(theirs_on)}"]
        options += [f"{side}_by={one_or_list(keys)}" for side, keys in _by(node)]
        options += [] if node.backward else ['direction="forward"']
        options += [] if node.exact else ["allow_exact_matches=False"]
        sides = f"{left}.sort_values({quoted(ours_on)}), {right}.sort_values({quoted(theirs_on)})"
        text = f"{self.library}.merge_asof({sides}, {', '.join(options)})"
        text += "" if node.outer else f".dropna(subset={quoted(theirs_on)})"
        plain = self._plain_again(node)
        text += f".astype({mapping(plain)})" if plain else ""
        merged = self.assign(node, text)
        theirs = (c for c in self.order(node.right) if c not in node.shared_keys)
        self.physical[node] = (*self.order(node.left), *theirs)
        if alone is not None:
            both = f"{self.library}.concat([{merged}, {alone}], ignore_index=True)"
            self.statements.append(f"{merged} = {both}")
        return merged

    def _rows_without(self, node: AsOfJoin) -> str | None:
        """Returns a variable with the left rows whose compared key is NULL; None if there are none.

        ``merge_asof`` takes no such rows.
        """
        key = node.on[0]
        if not node.left.column(key).nullable:
            return None
        frame, names = self.frame(node.left), self.order(node.left)
        unplaced = f"{frame}[{quoted(key)}].isna()"
        chosen = f"[{unplaced}]"
        if set(names) != set(self.physical[node.left]):
            chosen = f".loc[{unplaced}, {listing(names)}]"
        variable = self.variables.fresh("unplaced")
        self.statements.append(f"{variable} = {frame}{chosen}")
        return variable

    def _nearest_side(self, node: AsOfJoin, place: int) -> str:
        """Returns the text of an input, without rows that match nothing, and with exact integers.

        ``place`` is 0 for the left input, 1 for the right one. Its keys have the dtypes of the
        left keys, as ``merge_asof`` wants it; its other integers can be missing.
        """
        side = node.inputs[place]
        text = self.exact(side)
        unmatched = node.unmatched(side)
        if place == 0:
            unmatched = [key for key in unmatched if key == node.on[0]]
        text += f".dropna(subset={one_or_list(unmatched)})" if unmatched else ""
        dtypes = self._dtypes_within(node, place)
        return f"{text}.astype({mapping(dtypes)})" if dtypes else text

    def _dtypes_within(self, node: AsOfJoin, place: int) -> dict[str, str]:
        """Returns the dtypes to which columns of an input are cast before ``merge_asof``.

        Keys that are compared need one dtype on both sides. Right integers and booleans that are
        read need a mask, since left rows without a partner would make floats of them; so do keys
        that are read.
        """
        dtypes: dict[str, str] = {}
        for left, right in self._masked_pairs(node):
            key = (left, right)[place]
            masked = left.nullable or self._is_read(node, right)
            if left.type not in MASKED:
                as_read = _is_as_read(node.left, left.name), _is_as_read(node.right, right.name)
                dtypes |= {} if all(as_read) else {key.name: _COMPARABLE[left.type]}
            elif key.nullable is not masked:
                dtypes[key.name] = self.printer.dtypes[key.type][masked]
        payload = self._payload(node) if place == 1 else []
        return dtypes | {c.name: self.printer.dtypes[c.type][True] for c in payload}

    def _plain_again(self, node: AsOfJoin) -> dict[str, str]:
        """Returns the dtypes of columns that got a mask for ``merge_asof`` and do not need it."""
        pairs = self._masked_pairs(node)
        read = [pair for pair in pairs if self._is_read(node, pair[1])]
        columns = [left for left, _ in read if not left.nullable]
        if not node.outer:
            columns += [*(right for _, right in read), *self._payload(node)]
        kinds = {c.name: c for c in columns if c.name in node.names and c.type in MASKED}
        return {name: self.printer.dtypes[c.type][False] for name, c in kinds.items()}

    def _masked_pairs(self, node: AsOfJoin) -> list[tuple[Column, Column]]:
        """Returns the pairs of keys whose dtype depends on where NULLs may be."""
        if not self._masks:
            return []
        pairs = [(node.left.column(a), node.right.column(b)) for a, b in (node.on, *node.by)]
        return [pair for pair in pairs if pair[0].type in (*MASKED, *_COMPARABLE)]

    def _payload(self, node: AsOfJoin) -> list[Column]:
        """Returns the right columns without NULLs that are read, and are integers or booleans."""
        wanted = [c for c in node.right.schema if c.name in node.names]
        plain = [c for c in wanted if c.type in MASKED and not c.nullable]
        return [c for c in plain if c.name not in node.keys(1)] if self._masks else []

    def _is_read(self, node: AsOfJoin, key: Column) -> bool:
        """True if a right key is read beside its left key."""
        return key.name in node.names and key.name not in node.shared_keys

    @property
    def _masks(self) -> bool:
        """Whether the dtype of a column without NULLs is another than with NULLs."""
        plain, with_nulls = self.printer.dtypes[Type.INT64]
        return self.printer.masks and plain != with_nulls

    def _merged(self, node: Join) -> tuple[str, ...]:
        """Returns the names of the columns that a merge of both inputs has, in order."""
        theirs = (c for c in self.order(node.right) if c not in node.shared_keys)
        return (*self.order(node.left), *theirs)

    def _sides(self, node: Join) -> tuple[str, str, list[str]]:
        """Returns the texts of both inputs, and the names of risky right keys.

        The inputs are cast so that merge keeps their integers. A right key is risky if it and its
        left key may be NULL: merge would match their NULLs.
        """
        left, right = self.exact(node.left), self.exact(node.right)
        pairs = [(node.left.column(a), node.right.column(b)) for a, b in node.on]
        risky = [b.name for a, b in pairs if a.nullable and b.nullable]
        if node.kind in ("left", "full"):
            right = f"{right}{self._keeping_integers(node, node.right)}"
        if node.kind == "full":
            left = f"{left}{self._keeping_integers(node, node.left)}"
        return left, right, risky

    def _full(self, node: Join, left: str, right: str, risky: Sequence[str]) -> str:
        """Emits a full join; right rows with a NULL key match nothing, and are appended.

        ``risky`` are the right keys that may be NULL, as their left keys may.
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

    def _keeping_integers(self, node: Join, side: Node) -> str:
        """Returns the text of a cast that keeps integers and booleans, or an empty text.

        In a join, unmatched rows would change their dtypes.
        """
        if not self.printer.masks:
            return ""
        wanted = (set(node.names) | columns_in(node.residual)) - node.shared_keys
        dtypes = {
            c.name: self.printer.dtypes[c.type][True]
            for c in side.schema
            if c.type in MASKED and not c.nullable and c.name in wanted
        }
        return f".astype({mapping(dtypes)})" if dtypes else ""

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
        """Emits the rows of ``left`` whose keys are not in ``keys``, a frame of distinct keys."""
        found = fresh("_merge", set(self.physical[node]))
        indicator = "True" if found == "_merge" else quoted(found)
        how = f'on={listing([a for a, _ in node.on])}, how="left", indicator={indicator}'
        merged = self.assign(node, f"{left}.merge({keys}, {how})")
        self.physical[node] += (found,)
        self.statements.append(f'{merged} = {merged}[{merged}[{quoted(found)}] == "left_only"]')
        return merged

    def _copied(self, frame: str, pairs: Sequence[tuple[str, str]]) -> str:
        """Emits columns of a frame under new names, some of them twice; pairs are (new, old)."""
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
        """True if a scalar subquery's value may be missing; a missing value alone has no dtype."""
        return bool(dtypes_of_nothing(node))


def _looked_up_first(node: Join) -> Join:
    """Returns a join with its right side filtered by one key first, if that saves time.

    It does for several keys if only the left side is selective: pandas first numbers the values of
    each key of both sides. Other joins are returned unchanged.
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
