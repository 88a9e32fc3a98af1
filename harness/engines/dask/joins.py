"""Emits joins of every kind for dask.dataframe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from harness.engines.dask.expressions import Scalars
from harness.engines.dask.steps import DaskSteps, is_gathered
from harness.engines.pandas.joins import PandasJoins, on_keys
from harness.engines.pandas.steps import keywords
from harness.engines.pandas.values import DTYPES
from harness.engines.python.kernel import listing, mapping, quoted
from harness.plan.facts.columns import fresh
from harness.plan.tree.nodes import Aggregate, Join, Node, Project, one_row
from harness.types import Column, Type

_MASKED = {Type.INT64: "Int64", Type.BOOLEAN: "boolean"}


class DaskJoins(DaskSteps, PandasJoins):
    """Emits the joins of a dask.dataframe program."""

    looks_up_first: ClassVar[bool] = False

    def join(self, node: Join) -> str:
        if not is_gathered(node.left) or is_gathered(node.right):
            return self._joined(node)
        gathered = self.frame(node.left)
        self.frames[node.left] = self._distributed(node.left)
        merged = self._joined(node)
        self.frames[node.left] = gathered
        return merged

    def _distributed(self, node: Node) -> str:
        """Returns the variable of a lazy frame with the rows of a node whose frame is computed.

        It has one partition. It is emitted for the first join that needs it; others use it again.
        """
        if node not in self.distributed:
            text = f"dd.from_pandas({self.frame(node)}, npartitions=1)"
            self.distributed[node] = self._in_variable(node, text)
        return self.distributed[node]

    def _joined(self, node: Join) -> str:
        if node.kind == "cross" and one_row(node.right):
            return self._single(node)
        if node.kind == "cross":
            return self._cross(node)
        return super().join(node)

    def _join_dtypes(self, node: Join) -> tuple[dict[str, str], dict[str, str]]:
        """Adds keys, so that both inputs' have one dtype: Dask shuffles by hashes of it."""
        left, right = super()._join_dtypes(node)
        pairs = [(node.left.column(a), node.right.column(b)) for a, b in node.on]
        theirs = self._key_dtypes([(b, a) for a, b in pairs])
        return left | self._key_dtypes(pairs), right | theirs

    def _full(self, node: Join, left: str, right: str, risky: Sequence[str]) -> str:
        """Emits a full join; a flag on each side is a further key, so that NULL keys match nothing.

        ``risky`` are the right keys that may be NULL, as their left keys may. A union of matched
        and unmatched rows, as for pandas, would lose rows if nothing of the unmatched ones is read.
        """
        flag = fresh("null_key", {*node.left.names, *node.right.names})
        pairs = [(a, b) for a, b in node.on if b in risky]
        left = self._flagged(node.left, left, f'{flag}={{}}.astype("int64")', [a for a, _ in pairs])
        right = self._flagged(
            node.right, right, f'{flag}=-{{}}.astype("int64")', [b for _, b in pairs]
        )
        ours, theirs = ([*keys, flag] for keys in zip(*node.on, strict=True))
        on = f"left_on={listing(ours)}, right_on={listing(theirs)}"
        self.physical[node] = (*self._merged(node), flag)
        return self.assign(node, f'{left}.merge({right}, {on}, how="outer")')

    def _flagged(self, side: Node, text: str, flag: str, keys: Sequence[str]) -> str:
        frame = self._in_variable(side, text)
        missing = " | ".join(f"{frame}[{quoted(key)}].isnull()" for key in keys)
        missing = f"({missing})" if len(keys) > 1 else missing
        return f"{frame}.assign({flag.format(missing)})"

    def _key_dtypes(self, pairs: Sequence[tuple[Column, Column]]) -> dict[str, str]:
        """Maps the first key of a pair to the dtype to which it is cast to match the second.

        Keys that need no cast are left out.
        """
        times = {a.name: "datetime64[us]" for a, _ in pairs if a.type.temporal}
        masked = {
            a.name: _MASKED[a.type]
            for a, b in pairs
            if a.type in _MASKED and b.nullable and not a.nullable and self.printer.masks
        }
        return times | masked

    def _copied(self, frame: str, pairs: Sequence[tuple[str, str]]) -> str:
        columns = keywords((new, f"{frame}[{quoted(old)}]") for new, old in pairs)
        return f"{frame}.assign({columns})[{listing([new for new, _ in pairs])}]"

    def _cross(self, node: Join) -> str:
        """Emits a cross join as a join on a constant key: Dask has none."""
        one = fresh("everywhere", {*node.left.names, *node.right.names})
        left, right = (f"{self.exact(side)}.assign({one}=0)" for side in node.inputs)
        merged = self.assign(node, f"{left}.merge({right}, on={quoted(one)})")
        self.physical[node] = (*self._merged(node), one)
        if node.residual is not None:
            condition = self.printer(self.gaps, node.unpruned, merged).kept(node.residual)
            self.statements.append(f"{merged} = {merged}[{condition}]")
        return merged

    def _semi(self, node: Join) -> str:
        if not node.on:
            raise self.gaps.unsupported("EXISTS without a column that ties it to the row")
        if node.kind == "anti":
            return self._semi_merge(node)
        left, right = self.frame(node.left), self.frame(node.right)
        self.physical[node] = self.physical[node.left]
        pairs = [(node.left.column(a), node.right.column(b)) for a, b in node.on]
        theirs, on = [b for _, b in node.on], on_keys(node)
        keys = f"{right}[{listing(theirs)}]"
        if len(set(theirs)) < len(theirs):  # one right column equals two left ones
            return self._semi_merge(node)
        risky = [
            b for a, b in node.on if node.left.column(a).nullable and node.right.column(b).nullable
        ]
        keys += f".dropna(subset={listing(risky)})" if risky else ""
        if dtypes := self._key_dtypes([(b, a) for a, b in pairs]):
            keys += f".astype({mapping(dtypes)})"
        if dtypes := self._key_dtypes(pairs):
            left += f".astype({mapping(dtypes)})"
        text = f'{left}.merge({keys}, {on}, how="leftsemi")'
        return self.assign(node, text)

    def _single(self, node: Join) -> str:
        """Emits a scalar subquery: its one value beside every row."""
        if not one_row(node.right):
            raise self.gaps.unsupported("a scalar subquery that may be empty")
        left = self.frame(node.left)
        values = self._lazily(node.right)
        self.physical[node] = self.physical[node.left] + node.right.names
        dtypes = {
            c.name: DTYPES[c.type][self.printer.masks] for c in node.right.schema if _is_masked(c)
        }
        if dtypes:  # cast at once: Dask may filter by the column first
            arguments = {name: self.variables.fresh(name) for name in values}
            assigned = self._with_scalars(arguments, dtypes)
            function = f"lambda part, {', '.join(arguments.values())}: {assigned}"
            text = f"{left}.map_partitions({function}, {', '.join(values.values())})"
            return self.assign(node, text)
        return self.assign(node, f"{left}.assign({keywords(values.items())})")

    def _with_scalars(self, values: Mapping[str, str], dtypes: Mapping[str, str]) -> str:
        """Emits ``part``, a partition, with further columns, each with one value in all rows.

        ``values`` maps column names to the texts of their values, ``dtypes`` some of these names to
        the dtypes to which the columns are cast.
        """
        return f"part.assign({keywords(values.items())}).astype({mapping(dtypes)})"

    def _lazily(self, node: Node) -> dict[str, str]:
        """Maps the columns of a node of one row to the texts of lazy scalars with their values."""
        if node not in self.scalars:
            self.scalars[node] = self._scalars(node)
        return self.scalars[node]

    def _scalars(self, node: Node) -> dict[str, str]:
        if isinstance(node, Aggregate) and not is_gathered(node.input):
            self.frame(node.input)
            print_ = self.expressions(node.input)
            return {name: self._named_scalar(name, print_.total(e)) for name, e in node.aggregates}
        if isinstance(node, Project) and all(Scalars.can(e) for _, e in node.items):
            spelt = Scalars(self.gaps, node.input.schema, "")
            spelt.values = self._lazily(node.input)
            return {name: spelt.text(e) for name, e in node.items}
        frame = self.frame(node)
        masked = self.dtypes_of_nothing(node) if self.printer.masks else {}
        plain = {n: '.astype("float64")' for n, dtype in masked.items() if dtype == "Float64"}
        return {n: f"{frame}[{quoted(n)}]{plain.get(n, '')}.iloc[0]" for n in node.names}

    def _named_scalar(self, name: str, text: str) -> str:
        variable = self.variables.fresh(name)
        self.statements.append(f"{variable} = {text}")
        return variable


def _is_masked(column: Column) -> bool:
    return column.nullable and column.type in _MASKED
