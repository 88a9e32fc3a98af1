"""Emits GROUP BY and aggregates of a whole frame for pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from sqlglot import exp

from harness.answer import SortKey
from harness.engines.pandas.expressions import counted
from harness.engines.pandas.steps import AGG_PARAMETERS, PandasSteps, keywords
from harness.engines.python.kernel import listing, mapping, one_or_list, quoted
from harness.plan.facts.columns import fresh
from harness.plan.optimize.extremes import has_extremes, over_first_rows, over_sorted_rows
from harness.plan.tree.nodes import Aggregate, Expression, Sort, columns_in

_AGGREGATES: dict[type[Expression], str] = {
    exp.Sum: "sum",
    exp.Avg: "mean",
    exp.Min: "min",
    exp.Max: "max",
    exp.Count: "count",
    exp.Median: "median",
    exp.StddevSamp: "std",
    exp.Variance: "var",
    exp.AnyValue: "first",
}


class PandasAggregates(PandasSteps):
    """Emits the aggregations of a program in pandas' API."""

    groups_in_order: ClassVar[bool] = True
    """True if ``first`` and ``last`` of a group are those in the order of the frame's rows."""

    def aggregate(self, node: Aggregate) -> str:
        if has_extremes(node):
            in_order = over_sorted_rows(node) if self.groups_in_order else None
            return self._instead(node, in_order or over_first_rows(node))
        self.refuse_missing(node)
        if (ordered := self._in_order_of_texts(node)) is not node:
            return self._instead(node, ordered)
        if not node.keys:
            return self._whole(node)
        source, keys, values = self._grouping(node)
        names = [name for name, _ in node.keys]
        renames = {k: n for k, n in zip(keys, names, strict=True) if k != n}
        rename = f".rename(columns={mapping(renames)})" if renames else ""
        if not values:
            return self.assign(node, f"{source}[{listing(keys)}].drop_duplicates(){rename}")
        options = "as_index=False, sort=False" + self._dropna(node)
        groups = f"{source}.groupby({one_or_list(keys)}, {options})"
        if all(self._plain(e, node) for _, e, _ in values):
            text = f"{groups}.agg({self._named(values, keys)})"
            return self.assign(node, text + rename)
        return self._with_options(node, groups.replace("as_index=False, ", ""), values, rename)

    def refuse_missing(self, node: Aggregate) -> None:
        for _, e in node.aggregates:
            self.gaps.refuse(type(e), e)

    def _instead(self, node: Aggregate, other: Aggregate) -> str:
        """Emits ``other``, an aggregation with the same answer, in place of ``node``.

        Returns the name of the variable with its frame.
        """
        frame = self.frame(other)
        self.physical[node] = self.physical[other]
        return frame

    def _in_order_of_texts(self, node: Aggregate) -> Aggregate:
        """Returns the aggregation over rows sorted as ``string_agg`` needs."""
        orders = {_order_of(e) for _, e in node.aggregates if isinstance(e, exp.GroupConcat)}
        if not orders:
            return node
        (keys, *others) = orders
        if others or keys is None:
            raise self.gaps.unsupported("texts of a group in several or computed orders")
        in_order = isinstance(node.input, Sort) and node.input.keys == keys
        return node if in_order else replace(node, input=Sort(node.input, keys))

    def _dropna(self, node: Aggregate) -> str:
        nullable = any(column.nullable for column in node.schema[: len(node.keys)])
        return ", dropna=False" if nullable else ""

    def _grouping(
        self, node: Aggregate
    ) -> tuple[str, list[str], list[tuple[str, Expression, str]]]:
        """Returns what a GROUP BY needs: a frame's text, the keys' columns, and the aggregates.

        Each aggregate is given as its name, its expression, and the column with its argument. If a
        key or argument is computed, its column has the result's name in the answer, unless a
        column of that name is still read.
        """
        frame, print_ = self.frame(node.input), self.expressions(node.input)
        computed: dict[Expression, str] = {}
        read = columns_in(*(e for _, e in (*node.keys, *node.aggregates)))

        def column_of(e: Expression, name: str) -> str:
            if isinstance(e, exp.Column):
                return e.name
            taken = {*read, *computed.values(), *node.names} - ({name} - read)
            return computed.setdefault(e, fresh(name, taken))

        keys = [column_of(e, name) for name, e in node.keys]
        values = []
        for name, e in node.aggregates:
            argument = counted(e) or aggregated(e)
            counts = self._counts_rows(node, keys) if argument is None else None
            column = counts or column_of(argument or exp.Literal.number(1), name)
            values.append((name, e, column))
        if not computed:
            return frame, keys, values
        indicators = {counted(e) for _, e in node.aggregates} - {e for _, e in node.keys}
        added = keywords(
            (n, print_.choice(e).text if e in indicators else print_.series(e))
            for e, n in computed.items()
        )
        return f"{frame}.assign({added})", keys, values

    def _counts_rows(self, node: Aggregate, keys: Sequence[str]) -> str | None:
        """Returns the column whose ``size`` in a group is COUNT(*): the first of ``keys``.

        Emitters of other libraries may choose another, or return None to compute one. ``keys`` are
        the names of the node's keys in the program.
        """
        return keys[0]

    def _plain(self, e: Expression, node: Aggregate) -> bool:
        """True if named aggregation computes an aggregate without options.

        A sum that may have no values needs ``min_count``.
        """
        if isinstance(e, exp.Sum):
            return not self.expressions(node.input).nullable(e.this)
        return type(e) in _AGGREGATES

    def _named(self, values: Sequence[tuple[str, Expression, str]], keys: Sequence[str]) -> str:
        columns = ((name, f'({quoted(column)}, "{function_of(e)}")') for name, e, column in values)
        return keywords(columns, AGG_PARAMETERS)

    def _with_options(
        self,
        node: Aggregate,
        groups: str,
        values: Sequence[tuple[str, Expression, str]],
        rename: str,
    ) -> str:
        """Emits aggregates that need options: a frame that has a series for each.

        ``groups`` is the text of the grouped frame; ``values`` are (name, aggregate, column);
        ``rename`` is the text of a call that renames the keys, or empty.
        """
        source, distances = self._centred(node, groups)
        name = self.variables.fresh("groups")
        self.statements.append(f"{name} = {source}")
        correlations = {alias: self._correlation(name, of) for alias, of in distances.items()}
        print_ = self.expressions(node.input)
        columns = []
        for alias, e, column in values:
            series = correlations.get(alias) or f"{name}[{quoted(column)}].{print_.reduction(e)}"
            columns.append(f"{quoted(alias)}: {series}")
        return self.assign(
            node,
            f"{self.library}.DataFrame({{{', '.join(columns)}}}).reset_index(){rename}",
        )

    def _correlation(self, groups: str, distances: Sequence[str]) -> str:
        sums = self.variables.fresh("sums")
        self.statements.append(f"{sums} = {groups}[{listing(distances)}].sum()")
        both, xs, ys = (f"{sums}[{quoted(name)}]" for name in distances)
        return f"{both} / np.sqrt({xs} * {ys})"

    def _centred(self, node: Aggregate, groups: str) -> tuple[str, dict[str, list[str]]]:
        """Emits the columns that Pearson's r needs, added to a grouped frame.

        Returns the text of the new grouped frame, and for each correlation the columns' names.
        Source: r = sum(dx dy) / sqrt(sum(dx^2) sum(dy^2)), with dx = x - mean(x) in each group.
        """
        distances: dict[str, list[str]] = {}
        for alias, e in node.aggregates:
            if not isinstance(e, exp.Corr):
                continue
            names = [fresh(name, set(node.input.names)) for name in ("dxdy", "dx2", "dy2")]
            groups = self._distances(node, groups, e, names)
            distances[alias] = names
        return groups, distances

    def _distances(self, node: Aggregate, groups: str, e: Expression, names: Sequence[str]) -> str:
        print_ = self.expressions(node.input)
        x, y = e.this, e.expression
        columns = isinstance(x, exp.Column) and isinstance(y, exp.Column)
        correlations = [a for _, a in node.aggregates if isinstance(a, exp.Corr)]
        if not columns or len(correlations) > 1:
            raise self.gaps.unsupported("a correlation of anything but two columns")
        frame, by = groups.split(".groupby(")[0], groups.split(".groupby(")[1]
        grouped, pairs = self.variables.fresh("groups"), print_.frame
        if lacking := [column.name for column in (x, y) if print_.nullable(column)]:
            pairs = self.variables.fresh("pairs")
            self.statements.append(f"{pairs} = {frame}.dropna(subset={listing(lacking)})")
        self.statements.append(f"{grouped} = {pairs if lacking else frame}.groupby({by}")
        dx, dy = self.variables.fresh("dx"), self.variables.fresh("dy")
        for axis, column in ((dx, x), (dy, y)):
            name = quoted(column.name)
            self.statements.append(
                f'{axis} = {pairs}[{name}] - {grouped}[{name}].transform("mean")'
            )
        products = (f"{dx} * {dy}", f"{dx}**2", f"{dy}**2")
        added = keywords(zip(names, products, strict=True))
        return f"{frame}.assign({added}).groupby({by}"

    def _whole(self, node: Aggregate) -> str:
        """Emits the aggregates of a query without GROUP BY, whose frame always has one row."""
        self.frame(node.input)
        print_ = self.expressions(node.input)
        return self.assign(
            node, self.row(node, {name: print_.total(e) for name, e in node.aggregates})
        )

    def row(self, node: Aggregate, values: Mapping[str, str]) -> str:
        """Emits a frame of one row, with dtypes for values that may be missing.

        ``values`` maps column names to the texts of their values.
        """
        columns = ", ".join(f"{quoted(name)}: [{text}]" for name, text in values.items())
        dtypes = self.dtypes_of_nothing(node)
        cast = f".astype({mapping(dtypes)})" if dtypes else ""
        return f"{self.library}.DataFrame({{{columns}}}){cast}"


def _order_of(e: Expression) -> tuple[SortKey, ...] | None:
    """Returns the ORDER BY within ``string_agg``; None if one of its keys is not a column."""
    keys = e.this.expressions
    if not all(isinstance(key.this, exp.Column) for key in keys):
        return None
    ways = ((bool(k.args.get("desc")), bool(k.args.get("nulls_first"))) for k in keys)
    return tuple(SortKey(k.this.name, *way) for k, way in zip(keys, ways, strict=True))


def aggregated(e: Expression) -> Expression | None:
    """Returns the argument of an aggregate; None for ``count(*)``."""
    if isinstance(e.this, (exp.Distinct, exp.Order)):
        inner = e.this
        argument: Expression = inner.this if isinstance(inner, exp.Order) else inner.expressions[0]
        return argument
    return None if isinstance(e.this, exp.Star) else e.this


def function_of(e: Expression) -> str:
    """Returns pandas' name of an aggregate."""
    if isinstance(e, exp.AnyValue) and e.args.get("max"):
        return "last"
    if not isinstance(e, exp.Count):
        return _AGGREGATES[type(e)]
    if isinstance(e.this, exp.Star):
        return "size"
    if counted(e) is not None:
        return "sum"
    return "nunique" if isinstance(e.this, exp.Distinct) else "count"
