"""A qualified SELECT -> a relational plan: subqueries decorrelated, filters pushed down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from harness.answer import SortKey
from harness.errors import Unsupported
from harness.plan.joins import SemiJoin, Source, check_side, combine, factored
from harness.plan.names import flat_names
from harness.plan.nodes import (
    Aggregate,
    Distinct,
    Expression,
    Filter,
    Item,
    JoinKind,
    Limit,
    Node,
    Project,
    Scan,
    SetOperation,
    Sort,
    Window,
    conjunction,
    conjuncts,
)
from harness.plan.relation import Relation, aliases_in, fresh, join
from harness.types import Column, Schema

Tables = Mapping[str, Schema]
Named = Mapping[str, Node]
"""The plans of the CTEs in scope."""


def lower(tree: exp.Query, schemas: Tables) -> Node:
    """The plan of a whole query, as :func:`harness.plan.parse.parse` returns it."""
    return Lowering(schemas).query(tree, {})


@dataclass
class Lowering:
    """Lowers the blocks of one query; counts the subqueries to tell their columns apart."""

    schemas: Tables
    subqueries: int = 0

    def query(self, tree: Expression, ctes: Named) -> Node:
        ctes = dict(ctes)
        with_ = tree.args.get("with_")
        for cte in with_.expressions if with_ else ():
            if with_ is not None and with_.args.get("recursive"):
                raise Unsupported("a recursive CTE", cte.alias)
            ctes[cte.alias] = _renamed(self.query(cte.this, ctes), cte.args["alias"].columns)
        if isinstance(tree, exp.Subquery):
            return self.query(tree.this, ctes)
        if isinstance(tree, exp.SetOperation):
            return self._ordered_set(tree, ctes)
        if isinstance(tree, exp.Select):
            relation, correlated = self.block(tree, ctes)
            if correlated:
                raise Unsupported("a correlated subquery here", correlated[0].sql("duckdb"))
            return self.finish(tree, relation, ctes)
        raise Unsupported(f"{type(tree).__name__} as a query", tree.sql("duckdb"))

    # ------------------------------------------------------------------ FROM and WHERE

    def block(self, select: exp.Select, ctes: Named) -> tuple[Relation, list[Expression]]:
        """The joined and filtered sources, and the predicates that speak of outer blocks too."""
        entries = self._entries(select, ctes)
        available = {alias: source.names for alias, source, _, _ in entries}
        flat = flat_names(select, available)
        sources, predicates = [], []
        for alias, node, side, condition in entries:
            relation = _placed(alias, node, flat)
            sources.append(Source(alias, relation, side, condition if side else None))
            predicates += [] if side else conjuncts(condition)
        where = select.args.get("where")
        for part in conjuncts(where.this if where else None):
            predicates += factored(part)
        plain, semi_joins, scalars = self._sorted_out(predicates, ctes)
        own = {source.alias for source in sources} | {s.alias for s in scalars}
        correlated = [p for p in plain if not aliases_in(p) <= own]
        local = [p for p in plain if aliases_in(p) <= own]
        return self._combined(sources, scalars, local, semi_joins), correlated

    def _combined(
        self,
        sources: Sequence[Source],
        scalars: Sequence[_Scalar],
        predicates: Sequence[Expression],
        semi_joins: Sequence[SemiJoin],
    ) -> Relation:
        """Predicates that compare with a scalar subquery come after its value is there."""
        scalar_aliases = {scalar.alias for scalar in scalars}
        early = [p for p in predicates if not aliases_in(p) & scalar_aliases]
        late = [p for p in predicates if aliases_in(p) & scalar_aliases]
        relation = combine(sources, early, semi_joins)
        for scalar in scalars:
            relation = join(scalar.kind, relation, scalar.relation, scalar.on)
        return relation.where(late)

    def _entries(
        self, select: exp.Select, ctes: Named
    ) -> list[tuple[str, Node, str, Expression | None]]:
        """(alias, plan, side, ON condition) of each entry of FROM."""
        first = select.args.get("from_")
        if first is None:
            raise Unsupported("a SELECT without FROM", select.sql("duckdb"))
        entries: list[tuple[str, Node, str, Expression | None]] = [
            (first.this.alias_or_name, self._source(first.this, ctes, select), "", None)
        ]
        for item in select.args.get("joins") or []:
            side = check_side(item.side.upper(), item.kind.upper())
            if item.args.get("method"):
                raise Unsupported("this kind of join", item.sql("duckdb"))
            node = self._source(item.this, ctes, select)
            entries.append((item.this.alias_or_name, node, side, item.args.get("on")))
        return entries

    def _source(self, source: Expression, ctes: Named, select: exp.Select) -> Node:
        if isinstance(source, exp.Table) and source.name in ctes:
            return ctes[source.name]
        if isinstance(source, exp.Table):
            if source.args.get("sample"):
                raise Unsupported("TABLESAMPLE, whose answer is random", source.sql("duckdb"))
            alias = source.alias_or_name
            read = {c.name for c in select.find_all(exp.Column) if c.table == alias}
            schema = self.schemas[source.name]
            columns = [c for c in schema if c.name in read] or [schema[0]]
            return Scan(source.name, tuple((c.name, c) for c in columns))
        if isinstance(source, exp.Subquery):
            return _renamed(self.query(source.this, ctes), source.alias_column_names)
        raise Unsupported(f"{type(source).__name__} in FROM", source.sql("duckdb"))

    # ------------------------------------------------------------------ subqueries

    def _sorted_out(
        self, predicates: Sequence[Expression], ctes: Named
    ) -> tuple[list[Expression], list[SemiJoin], list[_Scalar]]:
        plain: list[Expression] = []
        semi_joins: list[SemiJoin] = []
        scalars: list[_Scalar] = []
        for predicate in predicates:
            if semi := self._semi_join(predicate, ctes):
                semi_joins.append(semi)
                continue
            predicate = self._without_scalars(predicate, ctes, scalars)
            if inner := predicate.find(exp.Exists, exp.Query):
                raise Unsupported("a subquery under OR or in an expression", inner.sql("duckdb"))
            plain.append(predicate)
        return plain, semi_joins, scalars

    def _semi_join(self, predicate: Expression, ctes: Named) -> SemiJoin | None:
        negated = isinstance(predicate, exp.Not)
        test = predicate.this if negated else predicate
        if isinstance(test, exp.Exists):
            return self._exists(test.this, negated, ctes)
        if isinstance(test, exp.In) and test.args.get("query") is not None:
            return self._in(test, negated, ctes)
        return None

    def _exists(self, query: Expression, negated: bool, ctes: Named) -> SemiJoin:
        select = _select(query)
        if select.args.get("group") or select.args.get("having") or select.args.get("limit"):
            raise Unsupported("EXISTS over groups", select.sql("duckdb"))
        relation, correlated = self.block(select, ctes)
        on, residual = _split(relation, correlated)
        return SemiJoin("anti" if negated else "semi", relation, on, conjunction(residual))

    def _in(self, test: exp.In, negated: bool, ctes: Named) -> SemiJoin:
        select = _select(test.args["query"])
        relation, correlated = self.block(select, ctes)
        simple = not (
            _is_grouped(select) or select.args.get("distinct") or select.args.get("limit")
        )
        if simple:
            value = select.selects[0].unalias()
        elif correlated:
            raise Unsupported("a correlated IN over groups", test.sql("duckdb"))
        else:
            node = self.finish(select, relation, ctes)
            alias, name = self._alias(), node.names[0]
            relation = Relation(node, {(alias, name): name})
            value = exp.column(name, alias)
        on, residual = _split(relation, correlated)
        pairs = (*on, (test.this, value))
        semi = SemiJoin("anti" if negated else "semi", relation, pairs, conjunction(residual))
        return replace(semi, null_aware=True) if negated else semi

    def _without_scalars(
        self, predicate: Expression, ctes: Named, scalars: list[_Scalar]
    ) -> Expression:
        """The predicate, each scalar subquery replaced by the column that will hold its value."""
        for subquery in list(predicate.find_all(exp.Subquery)):
            scalar = self._scalar(subquery, ctes)
            scalars.append(scalar)
            column = exp.column(scalar.column, scalar.alias)
            if subquery is predicate:
                predicate = column
            else:
                subquery.replace(column)
        return predicate

    def _scalar(self, subquery: exp.Subquery, ctes: Named) -> _Scalar:
        select = _select(subquery)
        relation, correlated = self.block(select, ctes)
        alias = self._alias()
        value = _described(relation.flat(select.selects[0].unalias()))
        if not correlated:
            select.set("expressions", [exp.alias_(select.selects[0].unalias(), value)])
            node = self.finish(select, relation, ctes)
            return _Scalar(alias, Relation(node, {(alias, "value"): node.names[0]}), "single", ())
        on, residual = _split(relation, correlated)
        if residual or select.args.get("group") or not _is_grouped(select):
            raise Unsupported("this correlated scalar subquery", select.sql("duckdb"))
        if select.find(exp.Count):
            raise Unsupported("a correlated count", select.sql("duckdb"))
        keys: list[Item] = []
        for _, inner in on:
            relation, name = relation.with_column(inner)
            keys.append((fresh(name, {k for k, _ in keys}), exp.column(name)))
        name = fresh(value, {k for k, _ in keys})
        node = self._aggregated(relation, keys, (name, select.selects[0].unalias()))
        columns = {(alias, name): name for name in node.names}
        pairs = tuple(
            (outer, exp.column(k, alias)) for (outer, _), (k, _) in zip(on, keys, strict=True)
        )
        return _Scalar(alias, Relation(node, columns), "inner", pairs, name)

    def _alias(self) -> str:
        self.subqueries += 1
        return f"subquery{self.subqueries}"

    # ------------------------------------------------------------------ SELECT and after

    def finish(self, select: exp.Select, relation: Relation, ctes: Named) -> Node:
        """GROUP BY, HAVING, windows, SELECT list, DISTINCT, ORDER BY and LIMIT over a block."""
        items = [(item.alias_or_name, item.unalias()) for item in select.selects]
        keys = self._group_keys(select, items, relation)
        having = select.args.get("having")
        order = _order_of(select)
        if _is_grouped(select):
            relation, items, order = self._grouped(relation, keys, items, order, having, ctes)
        node, outputs, sort_keys = self._projected(select, relation, items, order)
        if select.args.get("distinct"):
            if select.args["distinct"].args.get("on"):
                raise Unsupported("DISTINCT ON", select.sql("duckdb"))
            node = Distinct(node)
        node = _limited(select, Sort(node, tuple(sort_keys)) if sort_keys else node)
        return Project(node, tuple((name, exp.column(name)) for name in outputs))

    def _group_keys(
        self, select: exp.Select, items: Sequence[Item], relation: Relation
    ) -> list[Item]:
        group = select.args.get("group")
        if group is None:
            return []
        if any(group.args.get(kind) for kind in ("rollup", "cube", "grouping_sets")):
            raise Unsupported("ROLLUP, CUBE and GROUPING SETS", group.sql("duckdb"))
        expressions = group.expressions
        if group.args.get("all"):
            expressions = [e for _, e in items if not e.find(exp.AggFunc)]
        aliases = {relation.flat(e): name for name, e in items}
        keys: list[Item] = []
        for e in map(relation.flat, expressions):
            name = e.name if isinstance(e, exp.Column) else aliases.get(e, "key")
            if all(e != known for _, known in keys):
                keys.append((fresh(name, {k for k, _ in keys}), e))
        return keys

    def _grouped(
        self,
        relation: Relation,
        keys: Sequence[Item],
        items: Sequence[Item],
        order: Sequence[exp.Ordered],
        having: Expression | None,
        ctes: Named,
    ) -> tuple[Relation, list[Item], list[exp.Ordered]]:
        """The relation after GROUP BY and HAVING; SELECT and ORDER BY in terms of its columns."""
        conditions = conjuncts(having.this if having is not None else None)
        scalars: list[_Scalar] = []
        conditions = [self._without_scalars(c, ctes, scalars) for c in conditions]
        aggregates = _Aggregates(relation, keys, items)
        items = [(name, aggregates.over(e)) for name, e in items]
        order = [_reordered(o, aggregates.over(o.this)) for o in order]
        conditions = [aggregates.over(c) for c in conditions]
        grouped = Relation(Aggregate(relation.node, tuple(keys), aggregates.found), {})
        for scalar in scalars:
            grouped = join(scalar.kind, grouped, scalar.relation, scalar.on)
        return grouped.where(conditions), items, order

    def _aggregated(self, relation: Relation, keys: Sequence[Item], item: Item) -> Node:
        aggregates = _Aggregates(relation, keys, [item])
        value = (item[0], aggregates.over(item[1]))
        node = Aggregate(relation.node, tuple(keys), aggregates.found)
        return Project(node, (*((k, exp.column(k)) for k, _ in keys), value))

    def _projected(
        self,
        select: exp.Select,
        relation: Relation,
        items: Sequence[Item],
        order: Sequence[exp.Ordered],
    ) -> tuple[Node, tuple[str, ...], list[SortKey]]:
        """Windows, QUALIFY and the SELECT list; ORDER BY keys that are not in it ride along."""
        flat = [(name, relation.flat(e)) for name, e in items]
        windows = _Windows(relation.node.names)
        flat = [(name, windows.out_of(e, name)) for name, e in flat]
        qualify = select.args.get("qualify")
        condition = (
            None if qualify is None else windows.out_of(relation.flat(qualify.this), "window")
        )
        outputs = tuple(name for name, _ in flat)
        keys: list[SortKey] = []
        for ordered in order:
            name = _sort_column(relation.flat(ordered.this), flat, windows)
            keys.append(_sort_key(name, ordered))
        node: Node = Window(relation.node, windows.found) if windows.found else relation.node
        node = node if condition is None else Filter(node, condition)
        return Project(node, tuple(flat)), outputs, keys

    # ------------------------------------------------------------------ UNION, INTERSECT, EXCEPT

    def _ordered_set(self, tree: exp.SetOperation, ctes: Named) -> Node:
        node = self._set(tree, ctes)
        keys = []
        for ordered in _order_of(tree):
            if not isinstance(ordered.this, exp.Column) or ordered.this.name not in node.names:
                raise Unsupported("ORDER BY an expression after UNION", ordered.sql("duckdb"))
            keys.append(_sort_key(ordered.this.name, ordered))
        return _limited(tree, Sort(node, tuple(keys)) if keys else node)

    def _set(self, tree: exp.SetOperation, ctes: Named) -> Node:
        kinds = {exp.Union: "union", exp.Intersect: "intersect", exp.Except: "except"}
        kind = kinds[type(tree)]
        left, right = self.query(tree.this, ctes), self.query(tree.expression, ctes)
        left, right = _aligned(left, right)
        return SetOperation(kind, left, right, all=not tree.args.get("distinct"))  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Scalar:
    """A scalar subquery, ready to be joined to the block that compares with it."""

    alias: str
    relation: Relation
    kind: JoinKind
    on: tuple[tuple[Expression, Expression], ...]
    column: str = "value"


class _Aggregates:
    """Takes the aggregates out of expressions, each one once, and names them."""

    def __init__(self, relation: Relation, keys: Sequence[Item], items: Sequence[Item]) -> None:
        self.relation = relation
        self.keys = {e: name for name, e in keys}
        self.wanted = {relation.flat(e): name for name, e in items}
        self.names: dict[Expression, str] = {}

    @property
    def found(self) -> tuple[Item, ...]:
        return tuple((name, e) for e, name in self.names.items())

    def over(self, expression: Expression) -> Expression:
        """The expression over the columns of the aggregation."""
        return self._replace(self.relation.flat(expression))

    def _replace(self, e: Expression) -> Expression:
        if e in self.keys:
            return exp.column(self.keys[e])
        if isinstance(e, exp.AggFunc) and not isinstance(e.parent, exp.Window):
            return exp.column(self._name(e.copy()))
        for child in list(e.iter_expressions()):
            replaced = self._replace(child)
            if replaced is not child:
                child.replace(replaced)
        return e

    def _name(self, aggregate: Expression) -> str:
        if aggregate not in self.names:
            taken = set(self.names.values()) | set(self.keys.values())
            self.names[aggregate] = fresh(
                self.wanted.get(aggregate) or _described(aggregate), taken
            )
        return self.names[aggregate]


class _Windows:
    """Takes the window functions out of expressions, each one once, and names them."""

    def __init__(self, taken: Sequence[str]) -> None:
        self.taken = set(taken)
        self.names: dict[Expression, str] = {}

    @property
    def found(self) -> tuple[tuple[str, exp.Window], ...]:
        return tuple((name, e) for e, name in self.names.items() if isinstance(e, exp.Window))

    def out_of(self, e: Expression, wanted: str) -> Expression:
        if isinstance(e, exp.Window):
            if e not in self.names:
                self.names[e] = fresh(wanted, self.taken | set(self.names.values()))
            return exp.column(self.names[e])
        for child in list(e.iter_expressions()):
            replaced = self.out_of(child, _described(child))
            if replaced is not child:
                child.replace(replaced)
        return e


def _described(e: Expression) -> str:
    """A name for a computed value: ``sum(v1)`` -> ``v1_sum``."""
    kind = type(e.this).__name__ if isinstance(e, exp.Window) else type(e).__name__
    column = e.find(exp.Column)
    return f"{column.name}_{kind.lower()}" if column is not None else kind.lower()


def _placed(alias: str, node: Node, flat: Mapping[tuple[str, str], str]) -> Relation:
    """A source under its alias, its columns renamed to their flat names in the block."""
    names = {name: flat.get((alias, name), name) for name in node.names}
    columns = {(alias, name): names[name] for name in node.names}
    if isinstance(node, Scan):
        renamed = tuple(
            (source, Column(names[source], column.type, column.nullable))
            for source, column in node.columns
        )
        return Relation(Scan(node.table, renamed), columns)
    relation = Relation(node, {(alias, name): name for name in node.names})
    changed = {old: new for old, new in names.items() if old != new}
    return Relation(relation.renamed(changed).node, columns)


def _renamed(node: Node, aliases: Sequence[object]) -> Node:
    """``with t(a, b) as …``: the columns under the names of the list."""
    if not aliases:
        return node
    names = [getattr(alias, "name", alias) for alias in aliases] + list(node.names[len(aliases) :])
    pairs = zip(names, node.names, strict=True)
    return Project(node, tuple((str(new), exp.column(old)) for new, old in pairs))


def _select(query: Expression) -> exp.Select:
    query = query.this if isinstance(query, exp.Subquery) else query
    if not isinstance(query, exp.Select):
        raise Unsupported("a set operation inside this subquery", query.sql("duckdb"))
    return query


def _is_grouped(select: exp.Select) -> bool:
    if select.args.get("group") or select.args.get("having"):
        return True
    return any(_has_aggregate(item) for item in select.selects)


def _has_aggregate(e: Expression) -> bool:
    """Whether an aggregate is in the expression, other than as a window's function."""
    if isinstance(e, exp.AggFunc):
        return True
    children = e.iter_expressions()
    if isinstance(e, exp.Window):
        children = iter([c for c in children if c is not e.this] + list(e.this.iter_expressions()))
    return not isinstance(e, exp.Query) and any(_has_aggregate(child) for child in children)


def _split(
    relation: Relation, correlated: Sequence[Expression]
) -> tuple[tuple[tuple[Expression, Expression], ...], list[Expression]]:
    """Correlated predicates -> pairs (outer, inner) of equalities, and the rest."""
    pairs, residual = [], []
    for p in correlated:
        left, right = (
            (aliases_in(p.this), aliases_in(p.expression))
            if isinstance(p, exp.EQ)
            else (set(), set())
        )
        if left and left <= relation.aliases and not right & relation.aliases:
            pairs.append((p.expression, p.this))
        elif right and right <= relation.aliases and not left & relation.aliases:
            pairs.append((p.this, p.expression))
        else:
            residual.append(p)
    return tuple(pairs), residual


def _order_of(tree: Expression) -> list[exp.Ordered]:
    order = tree.args.get("order")
    return list(order.expressions) if order is not None else []


def _reordered(ordered: exp.Ordered, expression: Expression) -> exp.Ordered:
    copy = ordered.copy()
    copy.set("this", expression)
    return copy


def _sort_column(key: Expression, items: list[Item], windows: _Windows) -> str:
    """The name of the column that holds an ORDER BY key, added to the items where none does."""
    if isinstance(key, exp.Column) and not key.table and key.name in {name for name, _ in items}:
        return key.name
    key = windows.out_of(key, _described(key))
    for name, e in items:
        if e == key:
            return name
    name = fresh(
        key.name if isinstance(key, exp.Column) else _described(key), {n for n, _ in items}
    )
    items.append((name, key))
    return name


def _sort_key(column: str, ordered: exp.Ordered) -> SortKey:
    nulls_first = bool(ordered.args.get("nulls_first"))
    return SortKey(column, bool(ordered.args.get("desc")), nulls_first)


def _limited(tree: Expression, node: Node) -> Node:
    limit, offset = tree.args.get("limit"), tree.args.get("offset")
    if limit is None and offset is None:
        return node
    counts = [e.expression if e is not None else exp.Literal.number(0) for e in (limit, offset)]
    if limit is None or not all(isinstance(c, exp.Literal) and c.is_int for c in counts):
        raise Unsupported("a LIMIT that is not a whole number", tree.sql("duckdb"))
    return Limit(node, int(counts[0].name), int(counts[1].name))


def _aligned(left: Node, right: Node) -> tuple[Node, Node]:
    """Both inputs of a set operation under the left one's names and the wider of their types."""
    if len(left.schema) != len(right.schema):
        raise Unsupported("a set operation over different numbers of columns")
    pairs = list(zip(left.schema, right.schema, strict=True))
    return _as(left, pairs, 0), _as(right, pairs, 1)


def _as(node: Node, pairs: Sequence[tuple[Column, Column]], side: int) -> Node:
    items: list[Item] = []
    for pair in pairs:
        ours, types = pair[side], {column.type for column in pair}
        e: Expression = exp.column(ours.name)
        if len(types) > 1:
            wider = "DOUBLE" if all(t.numeric for t in types) else "TIMESTAMP"
            e = exp.cast(e, wider)
        items.append((pair[0].name, e))
    return Project(node, tuple(items))
