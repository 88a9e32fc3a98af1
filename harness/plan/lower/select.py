"""A qualified SELECT -> a relational plan: subqueries decorrelated, filters pushed down."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from harness.answer import SortKey
from harness.errors import Unsupported
from harness.plan.facts.called import called
from harness.plan.facts.columns import columns_of, fresh, repeated
from harness.plan.facts.printing import in_sql
from harness.plan.lower.aggregates import Aggregates, Windows, described
from harness.plan.lower.distinct import aggregated
from harness.plan.lower.joins import (
    KEEPING_RIGHT,
    Source,
    check_side,
    combine,
    combine_as_written,
)
from harness.plan.lower.lateral import lateral
from harness.plan.lower.names import flat_names
from harness.plan.lower.per_key import sort_key
from harness.plan.lower.predicates import factored
from harness.plan.lower.sets import over_sets, set_operation
from harness.plan.lower.subqueries import Attached, Subqueries, compares
from harness.plan.sql.grouping import (
    aggregates_with_subqueries,
    grouping_sets,
    has_subquery,
    is_grouped,
    keys_of,
    written_keys,
)
from harness.plan.tree.nodes import (
    Distinct,
    Expression,
    Filter,
    Item,
    Limit,
    Node,
    Project,
    Scan,
    Sort,
    Window,
    columns_in,
    conjunction,
    conjuncts,
)
from harness.plan.tree.relation import Relation, aliases_in
from harness.plan.tree.values import ONE_ROW, values_of
from harness.types import Schema

Tables = Mapping[str, Schema]
_OrderKey = tuple[exp.Ordered, Expression | None]
"""A key of ORDER BY and its value, which is None if the key names a column of the SELECT list."""


def lower(tree: exp.Query, schemas: Tables, *, written: bool = False) -> Node:
    """Returns the plan of a query in the form that `harness.plan.sql.qualified.qualified` returns.

    With ``written``, the work stays where the SQL has it: no filter is moved, no column left out.
    Raises Unsupported where the plan layer has no rule for a part of the query.
    """
    return Lowering(schemas, written).query(tree)


@dataclass(frozen=True)
class Lowering:
    """Lowers the SELECTs of one query; ``ctes`` are the plans of the CTEs in scope."""

    schemas: Tables
    written: bool = False
    ctes: Mapping[str, Node] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def query(self, tree: Expression) -> Node:
        inside = self._with_ctes(tree)
        if isinstance(tree, exp.Subquery):
            return inside.query(tree.this)
        if isinstance(tree, exp.SetOperation):
            return inside._ordered_set(tree)
        if isinstance(tree, exp.Select):
            relation, correlated = inside.block(tree)
            if correlated:
                raise Unsupported(
                    "a column of an outer query in FROM, or in a set", in_sql(correlated[0])
                )
            return inside.finish(tree, relation)
        raise Unsupported(f"{called(tree)} as a query", in_sql(tree))

    def _with_ctes(self, tree: Expression) -> Lowering:
        clause, scope = tree.args.get("with_"), self
        for cte in clause.expressions if clause is not None else ():
            if clause is not None and clause.args.get("recursive"):
                raise Unsupported("a recursive CTE", cte.alias)
            node = _renamed(scope.query(cte.this), cte.args["alias"].columns, cte.alias)
            scope = replace(scope, ctes={**scope.ctes, cte.alias: node})
        return scope

    def alias(self) -> str:
        """Returns an alias for a subquery that is unique in the query."""
        return f"subquery{next(self.numbers)}"

    # ------------------------------------------------------------------ FROM and WHERE

    def block(self, select: exp.Select) -> tuple[Relation, list[Expression]]:
        """Lowers FROM and WHERE of a SELECT.

        Returns the joined and filtered relation, and the predicates that read columns of the
        queries around the SELECT.
        """
        entries = self._entries(select)
        available = {alias: source.names for alias, source, _, _ in entries}
        flat = flat_names(select, available)
        found = Counter(itertools.chain(*available.values()))
        own = {name for name, count in found.items() if self.written and count == 1}
        sources, predicates = [], []
        keeps_right = any(side in KEEPING_RIGHT for _, _, side, _ in entries)
        nearest = {
            join.alias_or_name for join in select.args.get("joins") or [] if join.method == "ASOF"
        }
        for alias, node, side, condition in entries:
            joined = condition if side or keeps_right or alias in nearest else None
            subqueries = Subqueries(self, [])
            if joined is not None and has_subquery(joined):
                if not side or alias in nearest:
                    raise Unsupported("a subquery in ON before this kind of join", in_sql(joined))
                joined = conjunction(subqueries.out_of(part) for part in conjuncts(joined))
            relation = _placed(alias, node, flat, own)
            sources.append(
                Source(alias, relation, side, joined, alias in nearest, subqueries.attached)
            )
            predicates += [] if joined is not None else conjuncts(condition)
        where = select.args.get("where")
        for part in conjuncts(where.this if where else None):
            predicates += factored(part)
        aliases = {source.alias for source in sources}
        local = [p for p in predicates if aliases_in(p) <= aliases or has_subquery(p)]
        correlated = [p for p in predicates if not any(p is other for other in local)]
        return self._combined(sources, local), correlated

    def _combined(self, sources: Sequence[Source], predicates: Sequence[Expression]) -> Relation:
        """Joins the sources, then the values of subqueries, and applies the predicates."""
        subqueries = Subqueries(self, [])
        early, late, semi_joins = [], [], []
        for predicate in predicates:
            if not has_subquery(predicate):
                early.append(predicate)
            elif semi := subqueries.semi_join(predicate):
                semi_joins.append(semi)
            else:
                late.append(subqueries.out_of(predicate, required=compares(predicate)))
        if self.written:
            relation = combine_as_written(sources, early, semi_joins)
        else:
            sources = self._with_scalars(sources, subqueries.attached, early, late)
            relation = combine(sources, early, semi_joins)
        for attached in subqueries.attached:
            relation = attached.to(relation)
        return relation.where(late)

    def _with_scalars(
        self,
        sources: Sequence[Source],
        attached: list[Attached],
        early: list[Expression],
        late: list[Expression],
    ) -> list[Source]:
        """Applies comparisons of a source with a scalar subquery before the source is joined.

        That is done if the subquery is uncorrelated and there is no outer join. ``attached`` are
        the subqueries' relations, ``late`` the predicates that read them, ``early`` those without
        subqueries, of which the source's own are applied first. Returns the sources, and removes
        from the lists what it applied.
        """
        done = list(sources)
        if any(source.side for source in sources):
            return done
        for scalar in [a for a in attached if a.kind == "single"]:
            users = [p for p in late if scalar.alias in aliases_in(p)]
            owners = frozenset().union(*(aliases_in(p) for p in users)) - {scalar.alias}
            for place, source in enumerate(done):
                if owners == {source.alias}:
                    own = [p for p in early if aliases_in(p) == owners]
                    relation = scalar.to(source.relation.where(own)).where(users)
                    done[place] = replace(source, relation=relation)
                    attached.remove(scalar)
                    early[:] = [p for p in early if not any(p is other for other in own)]
                    late[:] = [p for p in late if not any(p is user for user in users)]
        return done

    def _entries(self, select: exp.Select) -> list[tuple[str, Node, str, Expression | None]]:
        """Returns (alias, plan, side, ON condition) for each entry of FROM."""
        first = select.args.get("from_")
        if first is None:
            return [("", ONE_ROW, "", None)]
        entries: list[tuple[str, Node, str, Expression | None]] = [
            (first.this.alias_or_name, self._source(first.this, select), "", None)
        ]
        for item in select.args.get("joins") or []:
            side = check_side(item.side.upper(), item.kind.upper())
            nearest = item.method == "ASOF" and side in ("", "LEFT")
            if item.method and not nearest:
                raise Unsupported("this kind of join", in_sql(item))
            alias, condition = item.this.alias_or_name, item.args.get("on")
            if isinstance(item.this, exp.Lateral):
                node, side, ties = lateral(item, side, select, self)
                condition = conjunction(ties)
                node = _renamed(node, item.this.args["alias"].columns, alias)
            else:
                node = self._source(item.this, select)
            entries.append((alias, node, side, condition))
        return entries

    def _source(self, source: Expression, select: exp.Select) -> Node:
        if isinstance(source, exp.Table) and source.name in self.ctes:
            return self.ctes[source.name]
        if isinstance(source, exp.Table):
            alias = source.alias_or_name
            read = {c.name for c in columns_of(select) if c.table == alias}
            schema = self.schemas[source.name]
            columns = [c for c in schema if self.written or c.name in read] or [schema[0]]
            return Scan(source.name, tuple((c.name, c) for c in columns))
        if isinstance(source, exp.Subquery):
            return _renamed(self.query(source.this), source.alias_column_names, source.alias)
        if isinstance(source, exp.Values):
            rows = [row.expressions for row in source.expressions]
            return replace(values_of(rows, source.alias_column_names), label=source.alias)
        raise Unsupported(f"{called(source)} in FROM", in_sql(source))

    # ------------------------------------------------------------------ SELECT and after

    def finish(self, select: exp.Select, relation: Relation) -> Node:
        """Lowers the clauses of a SELECT after WHERE; ``relation`` is what FROM and WHERE give.

        Applies GROUP BY, HAVING, windows, SELECT list, DISTINCT, ORDER BY, LIMIT.
        """
        relation = self._with_keys(select, relation)
        items = [(item.alias_or_name, item.unalias()) for item in select.selects]
        if name := repeated([name for name, _ in items]):
            raise Unsupported(f"two columns called {name!r} in a subquery", in_sql(select))
        named = {name for name, _ in items}
        order = [(o, None if _is_output(o.this, named) else o.this) for o in _order_of(select)]
        qualify = select.args.get("qualify")
        condition = None if qualify is None else qualify.this
        if is_grouped(select):
            grouped = self._grouped(select, relation, items, order, condition)
            relation, items, order, condition = grouped
        else:
            subqueries = Subqueries(self, [])
            items = [(name, subqueries.out_of(e)) for name, e in items]
            for attached in subqueries.attached:
                relation = attached.to(relation)
        node, outputs, sort_keys = self._projected(relation, items, order, condition)
        if select.args.get("distinct"):
            if select.args["distinct"].args.get("on"):
                raise Unsupported("DISTINCT ON without ORDER BY, or of groups", in_sql(select))
            node = Distinct(Project(node, tuple((name, exp.column(name)) for name in outputs)))
            sort_keys = self._known_order(select, sort_keys, outputs)
        node = _limited(select, Sort(node, tuple(sort_keys)) if sort_keys else node)
        return Project(node, tuple((name, exp.column(name)) for name in outputs))

    def _with_keys(self, select: exp.Select, relation: Relation) -> Relation:
        """Adds columns for the subqueries in keys of GROUP BY; the SELECT then reads these keys.

        Changes ``select`` in place, in all its clauses: a SELECT list repeats its keys.
        """
        subqueries = Subqueries(self, [])
        for key in dict.fromkeys(keys_of(select)):
            if has_subquery(key):
                value = subqueries.out_of(
                    exp.Alias(this=key.copy())
                ).this  # no condition: NULL stays
                own = [e for e in select.find_all(type(key)) if e.parent_select is select]
                for e in [e for e in own if e == key]:
                    e.replace(value.copy())
        for attached in subqueries.attached:
            relation = attached.to(relation)
        return relation

    def _group_keys(
        self, select: exp.Select, items: Sequence[Item], relation: Relation, read: set[str]
    ) -> tuple[list[Item], list[list[str]] | None]:
        """Returns the keys of GROUP BY, and each grouping set's key names (None: no sets).

        ``items`` is the SELECT list, which gives keys their names; ``read`` holds the columns that
        aggregates read.
        """
        group = select.args.get("group")
        if group is None:
            return [], None
        sets, expressions = grouping_sets(group), keys_of(select)
        aliases = {relation.flat(e): name for name, e in items}
        flat = dict.fromkeys(map(relation.flat, expressions))
        keys: list[Item] = []
        for e in flat:
            taken = {k for k, _ in keys}
            if not isinstance(e, exp.Column):  # a column that others read keeps its name
                taken |= read | columns_in(*(other for other in flat if other is not e))
            name = e.name if isinstance(e, exp.Column) else aliases.get(e, "key")
            keys.append((fresh(name, taken), e))
        if sets is None:
            return [key for key in keys if columns_in(key[1])] or keys, None
        if len(keys) < written_keys(group):
            raise Unsupported(
                "keys of ROLLUP, CUBE or GROUPING SETS that are the same and written in several "
                "ways, which DuckDB takes for different ones",
                in_sql(group),
            )
        names = {e: name for name, e in keys}
        return keys, [[names[relation.flat(e)] for e in chosen] for chosen in sets]

    def _grouped(
        self,
        select: exp.Select,
        relation: Relation,
        items: Sequence[Item],
        order: Sequence[_OrderKey],
        qualify: Expression | None,
    ) -> tuple[Relation, list[Item], list[_OrderKey], Expression | None]:
        """Applies GROUP BY and HAVING.

        Returns the grouped relation; and the SELECT list, the ORDER BY keys and QUALIFY over its
        columns.
        """
        having = select.args.get("having")
        clauses = [e for _, e in (*items, *order) if e is not None]
        clauses += [clause for clause in (having, qualify) if clause is not None]
        of_rows = Subqueries(self, [])
        for aggregate in aggregates_with_subqueries(select, clauses):
            of_rows.out_of(aggregate)
        for attached in of_rows.attached:
            relation = attached.to(relation)
        found = [a for e in clauses for a in relation.flat(e).find_all(exp.AggFunc)]
        keys, sets = self._group_keys(select, items, relation, columns_in(*found))
        subqueries = Subqueries(self, [])
        conditions = [subqueries.out_of(c) for c in conjuncts(having.this if having else None)]
        items = [(name, subqueries.out_of(e)) for name, e in items]
        if any(attached.correlated for attached in subqueries.attached):
            raise Unsupported(
                "a correlated subquery, or IN of any, beside GROUP BY", in_sql(select)
            )
        aggregates = Aggregates(relation, keys, items)
        items = [(name, aggregates.over(e)) for name, e in items]
        order = [(o, None if e is None else aggregates.over(e)) for o, e in order]
        conditions = [aggregates.over(c) for c in conditions]
        qualify = None if qualify is None else aggregates.over(qualify)
        if sets is None:
            node: Node = aggregated(relation.node, keys, aggregates.found)
        else:
            node = over_sets(
                relation.node, keys, sets, aggregates.found, each_from_rows=self.written
            )
        grouped = Relation(node, {})
        for attached in subqueries.attached:
            grouped = attached.to(grouped)
        return grouped.where(conditions), items, order, qualify

    def _projected(
        self,
        relation: Relation,
        items: Sequence[Item],
        order: Sequence[_OrderKey],
        qualify: Expression | None,
    ) -> tuple[Node, tuple[str, ...], list[SortKey]]:
        """Applies windows, QUALIFY and the SELECT list.

        Returns the node, the SELECT list's names, and the sort keys. Keys that are not in the list
        are added to the node's columns.
        """
        flat = [(name, relation.flat(e)) for name, e in items]
        windows = Windows(relation.node.names)
        flat = [(name, windows.out_of(e, name)) for name, e in flat]
        condition = None if qualify is None else windows.out_of(relation.flat(qualify), "window")
        outputs = tuple(name for name, _ in flat)
        keys: list[SortKey] = []
        for ordered, e in order:
            name = ordered.this.name if e is None else _sort_column(relation.flat(e), flat, windows)
            keys.append(sort_key(name, ordered))
        node: Node = Window(relation.node, windows.found) if windows.found else relation.node
        node = node if condition is None else Filter(node, condition)
        return Project(node, tuple(flat)), outputs, keys

    def _known_order(
        self, select: exp.Select, keys: Sequence[SortKey], outputs: Sequence[str]
    ) -> list[SortKey]:
        """Returns the sort keys of distinct rows up to the first that is not in the SELECT list.

        For later keys DuckDB takes the value of an arbitrary one of the rows that are equal. Raises
        Unsupported if a LIMIT makes those keys matter.
        """
        known = list(itertools.takewhile(lambda key: key.column in outputs, keys))
        if len(known) < len(keys) and (select.args.get("limit") or select.args.get("offset")):
            raise Unsupported("DISTINCT in the order of something else", in_sql(select))
        return known

    # ------------------------------------------------------------------ UNION, INTERSECT, EXCEPT

    def _ordered_set(self, tree: exp.SetOperation) -> Node:
        node = set_operation(tree, self.query(tree.this), self.query(tree.expression))
        keys = []
        for ordered in _order_of(tree):
            if not isinstance(ordered.this, exp.Column) or ordered.this.name not in node.names:
                raise Unsupported("ORDER BY an expression after UNION", in_sql(ordered))
            keys.append(sort_key(ordered.this.name, ordered))
        return _limited(tree, Sort(node, tuple(keys)) if keys else node)


def _placed(
    alias: str, node: Node, flat: Mapping[tuple[str, str], str], own: Collection[str]
) -> Relation:
    """Returns a source as a relation, its columns renamed to the names in ``flat``.

    ``flat`` maps (alias, column) to a name that is unique in the query block. Of the columns that
    are not in it, those in ``own`` keep their names, and others get ``alias_`` before them.
    """
    names: dict[str, str] = {}
    for name in node.names:  # an unread column must not take another's name
        taken = {*flat.values(), *names.values()}
        other = name if name in own else f"{alias}_{name}"
        names[name] = flat.get((alias, name)) or fresh(other, taken)
    columns = {(alias, name): names[name] for name in node.names}
    if isinstance(node, Scan):
        renamed = tuple(
            (source, replace(column, name=names[source])) for source, column in node.columns
        )
        return Relation(Scan(node.table, renamed), columns)
    relation = Relation(node, {(alias, name): name for name in node.names})
    changed = {old: new for old, new in names.items() if old != new}
    return Relation(relation.renamed(changed).node, columns)


def _renamed(node: Node, aliases: Sequence[object], label: str) -> Node:
    """Renames the first columns of a CTE or subquery to ``aliases``: ``with t(a, b) as …``.

    ``label`` is the query's name for its rows, which the node gets.
    """
    if not aliases:
        return replace(node, label=label)
    names = [getattr(alias, "name", alias) for alias in aliases] + list(node.names[len(aliases) :])
    pairs = zip(names, node.names, strict=True)
    items = tuple((str(new), exp.column(old)) for new, old in pairs)
    return Project(node, items, label=label)


def _order_of(tree: Expression) -> list[exp.Ordered]:
    order = tree.args.get("order")
    keys = list(order.expressions) if order is not None else []
    if found := next((key for key in keys if has_subquery(key)), None):
        raise Unsupported("a subquery in ORDER BY", in_sql(found))
    return keys


def _is_output(key: Expression, outputs: set[str]) -> bool:
    """True if an ORDER BY key names a column of the SELECT list rather than of a table."""
    return isinstance(key, exp.Column) and not key.table and key.name in outputs


def _sort_column(key: Expression, items: list[Item], windows: Windows) -> str:
    """Returns the name of the SELECT list's item that is an ORDER BY key.

    Adds an item to ``items`` if there is none. Window functions in the key become columns by
    ``windows``.
    """
    key = windows.out_of(key, described(key))
    for name, e in items:
        if e == key:
            return name
    name = fresh(key.name if isinstance(key, exp.Column) else described(key), {n for n, _ in items})
    items.append((name, key))
    return name


def _limited(tree: Expression, node: Node) -> Node:
    limit, offset = tree.args.get("limit"), tree.args.get("offset")
    if limit is None and offset is None:
        return node
    counts = [clause.expression for clause in (limit, offset) if clause is not None]
    if not all(isinstance(count, exp.Literal) and count.is_int for count in counts):
        raise Unsupported("a LIMIT or OFFSET that is not a constant", in_sql(tree))
    rows = None if limit is None else int(limit.expression.name)
    return Limit(node, rows, 0 if offset is None else int(offset.expression.name))
