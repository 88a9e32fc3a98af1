"""Emits GROUP BY and aggregates of a whole frame for dask.dataframe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from sqlglot import exp

from harness.engines.dask.steps import DaskSteps, without_duplicates
from harness.engines.pandas.aggregates import PandasAggregates, aggregated, function_of
from harness.engines.pandas.steps import AGG_PARAMETERS, keywords
from harness.engines.python.kernel import listing, mapping, one_or_list, quoted
from harness.plan.facts.columns import fresh
from harness.plan.tree.nodes import Aggregate, Expression, Item, Project

NATIVE = (exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Count, exp.Median, exp.StddevSamp, exp.Variance)
"""The group aggregates that Dask computes across partitions."""


class DaskAggregates(DaskSteps, PandasAggregates):
    """Emits the aggregations of a dask.dataframe program."""

    native: ClassVar[tuple[type[Expression], ...]] = NATIVE
    counts_distinct: ClassVar[bool] = True
    """Whether distinct values of a group are counted across partitions."""

    def _gathered_aggregate(self, node: Aggregate) -> str:
        """Emits the aggregates of a whole frame, computed together, as a frame of one row."""
        self.physical[node] = node.names
        print_ = self.expressions(node.input)
        totals = {name: print_.total(e) for name, e in node.aggregates}
        if len(totals) == 1:
            ((name, total),) = totals.items()
            return self.assign(node, self.gathered.row(node, {name: f"({total}).compute()"}))
        held = {name: self.variables.fresh(name) for name in totals}
        self.statements.append(f"{', '.join(held.values())} = dask.compute({_joined(totals)})")
        return self.assign(node, self.gathered.row(node, held))

    def aggregate(self, node: Aggregate) -> str:
        self.refuse_missing(node)
        distinct = [e for _, e in node.aggregates if isinstance(e.this, exp.Distinct)]
        lone = len(distinct) == len(node.aggregates) == 1 and not self._dropna(node)
        lone = lone and self.counts_distinct
        native = all(isinstance(e, self.native) for _, e in node.aggregates)
        if _reads_keys(node) or not native or (distinct and not lone):
            return self._grouped_apart(node)
        source, keys, values = self._grouping(node)
        renames = {k: n for k, (n, _) in zip(keys, node.keys, strict=True) if k != n}
        rename = f".rename(columns={mapping(renames)})" if renames else ""
        if not values:
            return self.assign(
                node, f"{source}[{listing(keys)}].{without_duplicates(keys)}{rename}"
            )
        groups = f"{source}.groupby({one_or_list(keys)}, sort=False{self._dropna(node)})"
        if lone:
            ((name, _function, column),) = values
            counted = f"{groups}[{quoted(column)}].nunique().rename({quoted(name)}).reset_index()"
            return self.assign(node, counted + rename)
        return self._named_aggregates(
            node, groups, _Named.of(values, keys, self._risky(node)), rename
        )

    def _risky(self, node: Aggregate) -> set[str]:
        """Returns the names of sums that may have no values: NULL in SQL, but 0 in Dask."""
        print_ = self.expressions(node.input)
        return {n for n, e in node.aggregates if isinstance(e, exp.Sum) and print_.nullable(e.this)}

    def _named_aggregates(self, node: Aggregate, groups: str, named: _Named, rename: str) -> str:
        """Emits one call of ``agg``, with each function of a column once, as Dask needs.

        Then columns are added: copies for a function that occurs twice, and sums that are NULL if
        there are no values. ``named`` says which. ``groups`` is the text of the grouped frame,
        ``rename`` that of a call that renames its keys, or empty.
        """
        self.physical[node] = (*(n for n, _ in node.keys), *named.calls.values())
        frame = self._called(node, groups, named.calls, rename)
        more = {name: f"{frame}[{quoted(held)}]" for name, held in named.copies.items()}
        for name, count in named.counts.items():
            text = more.get(name, f"{frame}[{quoted(name)}]")
            more[name] = f"{text}.where({frame}[{quoted(count)}] > 0{self.printer.nothing})"
        if more:
            self.statements.append(f"{frame} = {frame}.assign({keywords(more.items())})")
            new = [name for name in more if name not in self.physical[node]]
            self.physical[node] += tuple(new)
        return frame

    def _called(
        self, node: Aggregate, groups: str, calls: Mapping[tuple[str, str], str], rename: str
    ) -> str:
        """Emits the frame of the aggregates, each under its name; returns the frame's variable.

        ``calls`` maps (function, column) to a name, ``groups`` is the text of the grouped frame,
        ``rename`` that of a call that renames its keys, or empty. Dask 2026.8 looks for the keys
        among the columns before its ``reset_index`` has put them there, if a shuffle of more than
        15 partitions follows.
        """
        columns = (
            (name, f"({quoted(column)}, {quoted(function)})")
            for (function, column), name in calls.items()
        )
        named = keywords(columns, AGG_PARAMETERS)
        last = node in self.last
        reset = "reset_index()" if last else "map_partitions(pd.DataFrame.reset_index)"
        return self.assign(node, f"{groups}.agg({named}).{reset}{rename}")

    def _grouped_apart(self, node: Aggregate) -> str:
        """Emits aggregates that Dask lacks: pandas code on partitions shuffled by the keys."""
        held: dict[Expression, str] = {}
        for name, e in node.keys:
            taken = {*node.input.names, *held.values()}
            held[e] = e.name if isinstance(e, exp.Column) else fresh(name, taken)
        computed = [(n, e) for e, n in held.items() if not isinstance(e, exp.Column)]
        if not computed:
            return self._apart(node, [e.name for _, e in node.keys], "grouped")
        passed: list[Item] = [(name, exp.column(name)) for name in node.input.names]
        keys = tuple((name, exp.column(held[e])) for name, e in node.keys)
        wider = Project(node.input, (*passed, *computed))
        return self._apart(
            replace(node, input=wider, keys=keys), [k.name for _, k in keys], "grouped"
        )


def _reads_keys(node: Aggregate) -> bool:
    """True if an aggregate's argument is a key, or if ``count(*)`` is computed beside a median.

    Dask fails at both: ``count(*)`` is the size of a key's column.
    """
    arguments = {aggregated(e) for _, e in node.aggregates}
    counts_beside_median = None in arguments and any(
        isinstance(e, exp.Median) for _, e in node.aggregates
    )
    return counts_beside_median or not arguments.isdisjoint(e for _, e in node.keys)


@dataclass(frozen=True)
class _Named:
    """What one call of ``agg`` computes, and the columns derived from it, all by their names.

    - ``calls``: (function, column) -> the column with the result.
    - ``copies``: an aggregate -> the column of ``calls`` that has its values.
    - ``counts``: a sum that may have no values -> the column of ``calls`` that counts them.
    """

    calls: dict[tuple[str, str], str]
    copies: dict[str, str]
    counts: dict[str, str]

    @classmethod
    def of(
        cls, values: Sequence[tuple[str, Expression, str]], keys: Sequence[str], risky: set[str]
    ) -> _Named:
        calls: dict[tuple[str, str], str] = {}
        copies = {}
        taken = {*keys, *(name for name, _, _ in values)}
        for name, e, column in values:
            held = fresh(f"{name}_", taken) if name in keys else name
            held = calls.setdefault((function_of(e), column), held)
            if held != name:
                copies[name] = held
        sums = [(name, column) for name, _, column in values if name in risky]
        counts = {n: calls.setdefault(("count", c), fresh(f"{n}_known", taken)) for n, c in sums}
        return cls(calls, copies, counts)


def _joined(texts: Mapping[str, str]) -> str:
    return ", ".join(texts.values())
