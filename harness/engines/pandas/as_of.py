"""Emits ASOF JOIN for pandas: ``merge_asof``, of keys that it can compare."""

from __future__ import annotations

from sqlglot import exp

from harness.engines.pandas.steps import PandasSteps
from harness.engines.pandas.values import MASKED
from harness.engines.python.kernel import listing, mapping, one_or_list, quoted
from harness.plan.tree.nodes import AsOfJoin, Filter, Limit, Node, Project, Scan, Sort
from harness.types import Column, Type

_MOMENT = "datetime64[us]"
"""The dtype of days and times that are computed: others have milliseconds or seconds."""


def _pairs(node: AsOfJoin) -> list[tuple[Column, Column]]:
    """Returns the pairs (left, right) of the join's keys."""
    return [(node.left.column(a), node.right.column(b)) for a, b in (node.on, *node.by)]


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
    """Returns each side's keys that must be equal, as ("left", […]); [] if the join has none."""
    return [(side, node.keys(n)[:-1]) for n, side in enumerate(("left", "right")) if node.by]


class PandasAsOf(PandasSteps):
    """Emits the ASOF joins of a program in pandas' API."""

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
        for left, right in _pairs(node):
            key = (left, right)[place]
            as_read = _is_as_read(node.left, left.name) and _is_as_read(node.right, right.name)
            masked = left.nullable or self._is_read(node, right)
            if not as_read and (left.type not in MASKED or not self._masks):
                dtypes |= self._comparable(key)
            elif left.type in MASKED and self._masks and key.nullable is not masked:
                dtypes[key.name] = self.printer.dtypes[key.type][masked]
        payload = self._payload(node) if place == 1 else []
        return dtypes | {c.name: self.printer.dtypes[c.type][True] for c in payload}

    def _plain_again(self, node: AsOfJoin) -> dict[str, str]:
        """Returns the dtypes of columns that got a mask for ``merge_asof`` and do not need it."""
        if not self._masks:
            return {}
        read = [pair for pair in _pairs(node) if self._is_read(node, pair[1])]
        columns = [left for left, _ in read if not left.nullable]
        if not node.outer:
            columns += [*(right for _, right in read), *self._payload(node)]
        kinds = {c.name: c for c in columns if c.name in node.names and c.type in MASKED}
        return {name: self.printer.dtypes[c.type][False] for name, c in kinds.items()}

    def _comparable(self, key: Column) -> dict[str, str]:
        """Returns the dtype that a computed key is cast to; it may have another of its type."""
        if key.type.temporal:
            return {key.name: _MOMENT} if self._masks else {}
        dtypes = self.printer.dtypes.get(key.type)
        return {} if dtypes is None else {key.name: dtypes[False]}

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
