"""Polars, through its lazy API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp

from harness.answer import SortKey
from harness.engines.base import OUTPUT_FILE, Engine, Program, Session
from harness.engines.python import (
    ATOM,
    PRODUCT,
    SIGN,
    SUM,
    Code,
    Expressions,
    Gaps,
    PythonSession,
    Variables,
    ilike_regex,
    is_constant,
    is_keyword_argument,
    like_pattern,
    listing,
    method_name,
    module,
    names,
    one_or_list,
    quoted,
)
from harness.engines.widths import Widths, is_narrow
from harness.plan import Query
from harness.plan.nodes import (
    Aggregate,
    Distinct,
    Expression,
    Filter,
    Item,
    Join,
    Limit,
    Node,
    Project,
    Scan,
    SetOperation,
    Sort,
    TopPerGroup,
    Window,
    columns_in,
    conjuncts,
    uses,
)
from harness.plan.typing import infer, sql_type, window_order
from harness.tables import Input, Table
from harness.types import Schema, Type

if TYPE_CHECKING:
    import pyarrow as pa

DTYPES = {
    Type.BOOLEAN: "pl.Boolean",
    Type.INT64: "pl.Int64",
    Type.FLOAT64: "pl.Float64",
    Type.STRING: "pl.String",
    Type.DATE: "pl.Date",
    Type.TIMESTAMP: 'pl.Datetime("us")',
}
_UNITS = {
    "year": "y", "quarter": "q", "month": "mo", "week": "w",
    "day": "d", "hour": "h", "minute": "m", "second": "s",
}  # fmt: skip
_NARROW = (exp.Count, exp.Extract, exp.Length, exp.RowNumber, exp.Rank, exp.DenseRank)
_OF_DAY = ("hour", "minute", "second")
_PARTS = {"week": "week", "isodow": "weekday", "doy": "ordinal_day"}


class PolarsExpressions(Expressions):
    """Spells expressions with ``pl.col``."""

    def __init__(
        self, gaps: Gaps, schema: Schema = (), narrow: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(gaps, schema)
        self.narrow = narrow

    def column(self, e: Expression) -> Code:
        return Code(f"pl.col({quoted(e.name)})", ATOM)

    def value(self, e: Expression) -> str:
        """A value where a bare string would be taken for a column's name."""
        text = self.text(e)
        plain = e.this if isinstance(e, exp.Neg) else e
        if isinstance(plain, exp.Literal) and plain.is_int:
            return f"pl.lit({text}, dtype=pl.Int64)"
        constant = isinstance(plain, (exp.Literal, exp.Null, exp.Boolean))
        return f"pl.lit({text})" if constant else text

    def operand(self, e: Expression, precedence: int, strict: bool = False) -> str:
        """An operand; what a method is called on must be an expression, not Python's own value."""
        if precedence == ATOM and is_constant(e):
            dated = isinstance(e, exp.Cast) and self.date_literal(e)
            return f"pl.lit({self.text(e)})" if dated else self.value(e)
        return super().operand(e, precedence, strict)

    def number(self, e: Expression, precedence: int, strict: bool = False) -> str:
        """An operand of arithmetic, widened where Polars would overflow."""
        if is_narrow(e, _NARROW, self.narrow):
            return f"{self.operand(e, ATOM)}.cast(pl.Int64)"
        return self.operand(e, precedence, strict)

    def binary(self, e: Expression, operator: str, precedence: int) -> Code:
        if operator in "+-*":
            left, right = (
                self.number(e.this, precedence),
                self.number(e.expression, precedence, True),
            )
            return Code(f"{left} {operator} {right}", precedence)
        return super().binary(e, operator, precedence)

    def neg(self, e: Expression) -> Code:
        return Code(f"-{self.number(e.this, SIGN)}", SIGN)

    def mod(self, e: Expression) -> Code:
        """SQL's remainder has the sign of the dividend; Polars' has the divisor's."""
        value = self.number(e.this, ATOM)
        divisor, _ = self._divisor(e.expression)
        return Code(f"{value}.sign() * ({value}.abs() % {divisor})", PRODUCT)

    def int_div(self, e: Expression) -> Code:
        """SQL's division of integers truncates; Polars' floors."""
        value = self.number(e.this, ATOM)
        divisor, sign = self._divisor(e.expression)
        return Code(f"{sign}{value}.sign() * ({value}.abs() // {divisor})", PRODUCT)

    def _divisor(self, e: Expression) -> tuple[str, str]:
        """The magnitude of a divisor, and its sign as a factor; nothing for a plain number."""
        if isinstance(e, exp.Literal):
            return self.text(e), ""
        if isinstance(e, exp.Neg) and isinstance(e.this, exp.Literal):
            return self.text(e.this), "-"
        text = self.number(e, ATOM)
        return f"{text}.abs()", f"{text}.sign() * "

    def not_(self, e: Expression) -> Code:
        if isinstance(e.this, exp.Is):
            return Code(f"{self.operand(e.this.this, ATOM)}.is_not_null()", ATOM)
        return Code(f"~{self.operand(e.this, SIGN)}", SIGN)

    def is_(self, e: Expression) -> Code:
        return Code(f"{self.operand(e.this, ATOM)}.is_null()", ATOM)

    def in_(self, e: Expression) -> Code:
        return Code(f"{self.operand(e.this, ATOM)}.is_in({self.listed(e.expressions)})", ATOM)

    def between(self, e: Expression) -> Code:
        low, high = self._bound(e.args["low"]), self._bound(e.args["high"])
        return Code(f"{self.operand(e.this, ATOM)}.is_between({low}, {high})", ATOM)

    def _bound(self, e: Expression) -> str:
        """A bare string would be taken for a column's name; a number is taken for what it is."""
        return self.value(e) if isinstance(e, exp.Literal) and e.is_string else self.text(e)

    def like(self, e: Expression) -> Code:
        subject, pattern = self.operand(e.this, ATOM), like_pattern(e.expression.name)
        if pattern.test == "equals":
            return Code(f"{subject} == {quoted(pattern.text)}", 0)
        calls = {
            "starts": "starts_with({})",
            "ends": "ends_with({})",
            "contains": "contains({}, literal=True)",
            "matches": "contains({})",
        }
        return Code(f"{subject}.str.{calls[pattern.test].format(quoted(pattern.text))}", ATOM)

    def regexp_like(self, e: Expression) -> Code:
        return Code(f"{self.operand(e.this, ATOM)}.str.contains({self.text(e.expression)})", ATOM)

    def starts_with(self, e: Expression) -> Code:
        return Code(
            f"{self.operand(e.this, ATOM)}.str.starts_with({self.text(e.expression)})", ATOM
        )

    def case(self, e: Expression) -> Code:
        text = "pl"
        for branch in e.args["ifs"]:
            text += f".when({self.text(branch.this)}).then({self.value(branch.args['true'])})"
        default = e.args.get("default")
        return Code(text if default is None else f"{text}.otherwise({self.value(default)})", ATOM)

    def coalesce(self, e: Expression) -> Code:
        values = ", ".join(self.value(x) for x in [e.this, *e.expressions])
        return Code(f"pl.coalesce({values})", ATOM)

    def cast(self, e: Expression) -> Code:
        return self.date_literal(e) or self._cast(e, "")

    def try_cast(self, e: Expression) -> Code:
        return self._cast(e, ", strict=False")

    def _cast(self, e: Expression, strict: str) -> Code:
        source, target = self.type(e.this), sql_type(e.args["to"])
        if isinstance(e.this, exp.Null):
            return Code(f"pl.lit(None, dtype={DTYPES[target]})", ATOM)
        if target is Type.DATE and isinstance(e.this, exp.TimestampTrunc):
            return self._truncated_date(e.this)
        value = self.operand(e.this, ATOM)
        if source is Type.STRING and target is Type.DATE:
            return Code(f'{value}.str.to_date("%Y-%m-%d"{strict})', ATOM)
        if source is Type.STRING and target is Type.TIMESTAMP:
            return Code(
                f'{value}.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us"{strict})', ATOM
            )
        if source is Type.FLOAT64 and target is Type.INT64:
            value = f"{value}.round()"
        if target is Type.STRING and source in (Type.FLOAT64, Type.TIMESTAMP):
            reason = f"a {source} as text, which each library spells its own way"
            raise self.gaps.unsupported(reason, e.sql("duckdb"))
        if target is Type.BOOLEAN and source is Type.STRING:
            raise self.gaps.unsupported("text as a boolean", e.sql("duckdb"))
        return Code(f"{value}.cast({DTYPES[target]}{strict})", ATOM)

    def _truncated_date(self, e: Expression) -> Code:
        """A truncated date as a date, which is what Polars makes of it by itself."""
        if self.type(e.this) is not Type.DATE or e.args["unit"].name.lower() in _OF_DAY:
            return Code(f"{self.text(e)}.cast(pl.Date)", ATOM)
        every = f"1{_UNITS[e.args['unit'].name.lower()]}"
        return Code(f"{self.operand(e.this, ATOM)}.dt.truncate({quoted(every)})", ATOM)

    def extract(self, e: Expression) -> Code:
        value, part = self.operand(e.expression, ATOM), e.name.lower()
        if part == "dow":
            return Code(f"{value}.dt.weekday() % 7", PRODUCT)
        return Code(f"{value}.dt.{_PARTS.get(part, part)}()", ATOM)

    def timestamp_trunc(self, e: Expression) -> Code:
        every = f"1{_UNITS[e.args['unit'].name.lower()]}"
        return Code(f"{self._timestamp(e.this)}.dt.truncate({quoted(every)})", ATOM)

    def offset(self, e: Expression, count: int, unit: str) -> Code:
        by = quoted(f"{count}{_UNITS[unit]}")
        return Code(f"{self._timestamp(e)}.dt.offset_by({by})", ATOM)

    def _timestamp(self, e: Expression) -> str:
        """DuckDB truncates and moves dates to timestamps."""
        value = self.operand(e, ATOM)
        return f"{value}.cast({DTYPES[Type.TIMESTAMP]})" if self.type(e) is Type.DATE else value

    def days_later(self, e: Expression, days: int) -> Code:
        return Code(f"{self.operand(e, ATOM)}.dt.offset_by({quoted(f'{days}d')})", ATOM)

    def days_between(self, e: Expression) -> Code:
        return Code(
            f"({self.text(e.this)} - {self.operand(e.expression, SUM, True)}).dt.total_days()", ATOM
        )

    def _string(self, e: Expression, call: str) -> Code:
        return Code(f"{self.operand(e, ATOM)}.str.{call}", ATOM)

    def upper(self, e: Expression) -> Code:
        return self._string(e.this, "to_uppercase()")

    def lower(self, e: Expression) -> Code:
        return self._string(e.this, "to_lowercase()")

    def trim(self, e: Expression) -> Code:
        side = {"LEADING": "_start", "TRAILING": "_end"}.get(str(e.args.get("position")), "")
        characters = self.text(e.expression) if e.args.get("expression") else '" "'
        return self._string(e.this, f"strip_chars{side}({characters})")

    def contains(self, e: Expression) -> Code:
        return self._string(e.this, f"contains({self.text(e.expression)}, literal=True)")

    def ilike(self, e: Expression) -> Code:
        return self._string(e.this, f"contains({quoted(ilike_regex(e.expression.name))})")

    def time_to_str(self, e: Expression) -> Code:
        form = self.time_format(e)
        return Code(f"{self.operand(e.this, ATOM)}.dt.strftime({form})", ATOM)

    def length(self, e: Expression) -> Code:
        return self._string(e.this, "len_chars()")

    def substring(self, e: Expression) -> Code:
        start, length = e.args["start"], e.args.get("length")
        if not (isinstance(start, exp.Literal) and int(start.name) >= 1):
            raise self.gaps.unsupported(
                "a substring from a computed or negative place", e.sql("duckdb")
            )
        more = "" if length is None else f", {self.text(length)}"
        return self._string(e.this, f"slice({int(start.name) - 1}{more})")

    def replace(self, e: Expression) -> Code:
        old, new = self.text(e.expression), self.text(e.args["replacement"])
        return self._string(e.this, f"replace_all({old}, {new}, literal=True)")

    def dpipe(self, e: Expression) -> Code:
        parts = [e.this, e.expression]
        texts = [
            self.value(p) if isinstance(p, exp.Literal) else self.operand(p, SUM) for p in parts
        ]
        return Code(" + ".join(texts), SUM)

    def concat(self, e: Expression) -> Code:
        values = ", ".join(self.value(x) for x in e.expressions)
        return Code(f"pl.concat_str({values}, ignore_nulls=True)", ATOM)

    def round(self, e: Expression) -> Code:
        places = self.places(e)
        if self.type(e.this) is Type.INT64:
            return self.code(e.this)
        call = f'round({places}, mode="half_away_from_zero")'
        return Code(f"{self.operand(e.this, ATOM)}.{call}", ATOM)

    def floor(self, e: Expression) -> Code:
        """A float, of an integer too."""
        value = self.operand(e.this, ATOM)
        if self.type(e.this) is Type.INT64:
            return Code(f"{value}.cast(pl.Float64)", ATOM)
        return Code(f"{value}.{type(e).__name__.lower()}()", ATOM)

    ceil = floor

    def log(self, e: Expression) -> Code:
        return Code(f"{self.operand(e.expression, ATOM)}.log({self.text(e.this)})", ATOM)

    def _call(self, e: Expression) -> Code:
        name = type(e).__name__.lower()
        return Code(f"{self.operand(e.this, ATOM)}.{'log' if name == 'ln' else name}()", ATOM)

    abs = ln = sqrt = exp = _call

    def pow(self, e: Expression) -> Code:
        value = f"{self.operand(e.this, ATOM)}"
        if self.type(e.this) is Type.INT64:
            value = f"{value}.cast(pl.Float64)"
        return Code(f"{value}.pow({self.text(e.expression)})", ATOM)

    # ------------------------------------------------------------------ aggregates

    def aggregate(self, e: Expression, grouped: bool) -> str:
        """An aggregate of a whole group; NULL, not 0, where there is nothing to sum."""
        text = self.text(e)
        if isinstance(e, exp.Sum) and infer(e, self.schema, grouped=grouped).nullable:
            some = (
                f"{self.operand(e.this, ATOM)}.count() > 0"
                if self.nullable(e.this)
                else "pl.len() > 0"
            )
            return f"pl.when({some}).then({text})"
        return text

    def count(self, e: Expression) -> Code:
        if isinstance(e.this, exp.Star):
            return Code("pl.len()", ATOM)
        if isinstance(e.this, exp.Distinct):
            value = e.this.expressions[0]
            some = ".drop_nulls()" if self.nullable(value) else ""
            return Code(f"{self.operand(value, ATOM)}{some}.n_unique()", ATOM)
        return Code(f"{self.operand(e.this, ATOM)}.count()", ATOM)

    def _reduced(self, e: Expression, call: str) -> Code:
        if isinstance(e.this, exp.Distinct):
            raise self.gaps.unsupported("DISTINCT in this aggregate", e.sql("duckdb"))
        return Code(f"{self.number(e.this, ATOM)}.{call}", ATOM)

    def sum(self, e: Expression) -> Code:
        return self._reduced(e, "sum()")

    def avg(self, e: Expression) -> Code:
        return self._reduced(e, "mean()")

    def min(self, e: Expression) -> Code:
        return self._reduced(e, "min()")

    def max(self, e: Expression) -> Code:
        return self._reduced(e, "max()")

    def median(self, e: Expression) -> Code:
        return self._reduced(e, "median()")

    def percentile_cont(self, e: Expression) -> Code:
        return self._reduced(e, f'quantile({self.text(e.expression)}, interpolation="linear")')

    def stddev_samp(self, e: Expression) -> Code:
        return self._reduced(e, "std()")

    def stddev_pop(self, e: Expression) -> Code:
        return self._reduced(e, "std(ddof=0)")

    def variance(self, e: Expression) -> Code:
        return self._reduced(e, "var()")

    def corr(self, e: Expression) -> Code:
        columns = (
            quoted(x.name) if isinstance(x, exp.Column) else self.text(x)
            for x in (e.this, e.expression)
        )
        return Code(f"pl.corr({', '.join(columns)})", ATOM)

    # ------------------------------------------------------------------ windows

    def window(self, e: Expression) -> Code:
        order, function = window_order(e), e.this
        if e.args.get("spec") is not None:
            raise self.gaps.unsupported("a window frame", e.sql("duckdb"))
        if isinstance(function, exp.RowNumber):
            return Code(f"pl.int_range(1, pl.len() + 1){self._over(e, order)}", ATOM)
        if isinstance(function, (exp.Rank, exp.DenseRank)):
            return Code(f"{self._rank(e, order)}{self._over(e, [])}", ATOM)
        if isinstance(function, (exp.Lag, exp.Lead)):
            return Code(f"{self._shifted(function)}{self._over(e, order)}", ATOM)
        if order:
            raise self.gaps.unsupported("a running aggregate", e.sql("duckdb"))
        return Code(f"{self.aggregate(function, grouped=True)}{self._over(e, [])}", ATOM)

    def _rank(self, e: Expression, order: Sequence[Expression]) -> str:
        """Ranks of one key; rows without it share the rank after all others."""
        if len(order) != 1 or order[0].args.get("nulls_first"):
            raise self.gaps.unsupported("a rank over several keys or NULLs first", e.sql("duckdb"))
        dense = isinstance(e.this, exp.DenseRank)
        key = self.operand(order[0].this, ATOM)
        descending = ", descending=True" if order[0].args.get("desc") else ""
        ranks = f'{key}.rank("{"dense" if dense else "min"}"{descending})'
        if not self.nullable(order[0].this):
            return ranks
        known = f"{key}.drop_nulls().n_unique()" if dense else f"{key}.count()"
        return f"{ranks}.fill_null({known} + 1)"

    def _shifted(self, e: Expression) -> str:
        rows, default = self.shift(e)
        more = "" if default is None else f", fill_value={default}"
        return f"{self.number(e.this, ATOM)}.shift({rows}{more})"

    def _over(self, e: Expression, order: Sequence[Expression]) -> str:
        keys = [self._name_or_text(k) for k in e.args.get("partition_by") or []]
        if order and one_way(order):
            by = [self._name_or_text(o.this) for o in order]
            keys.append(f"order_by={by[0] if len(by) == 1 else '[' + ', '.join(by) + ']'}")
            keys += ["descending=True"] if order[0].args.get("desc") else []
            keys += ["nulls_last=True"] if any(self.nullable(o.this) for o in order) else []
        return f".over({', '.join(keys)})" if keys else ""

    def _name_or_text(self, e: Expression) -> str:
        return quoted(e.name) if isinstance(e, exp.Column) else self.text(e)

    def sorting(self, order: Sequence[Expression]) -> str:
        """The arguments of ``sort`` for keys of an ORDER BY."""
        keys = ", ".join(self._name_or_text(o.this) for o in order)
        descending = [bool(o.args.get("desc")) for o in order]
        last = [not o.args.get("nulls_first") for o in order]
        options = f", descending={_flags(descending)}" if any(descending) else ""
        if any(self.nullable(o.this) for o in order) and any(last):
            options += f", nulls_last={_flags(last)}"
        return keys + options


def one_way(order: Sequence[Expression]) -> bool:
    """Whether all keys go in one direction with NULLs last, which is all that ``over`` can do."""
    ways = {bool(o.args.get("desc")) for o in order}
    return len(ways) < 2 and not any(o.args.get("nulls_first") for o in order)


_Presorted = tuple[tuple[Expression, ...], list[tuple[str, exp.Window]]]


class PolarsProgram:
    """Turns a plan into the source text of one lazy query.

    ``frame`` methods return an expression; ``self.physical`` says which columns the frame that an
    expression stands for really has: a scan has all of its table's, wanted or not.
    """

    collect: ClassVar[str] = ".collect()"

    def __init__(self, gaps: Gaps, tables: Mapping[str, Table], source: Input) -> None:
        self.gaps, self.tables, self.source = gaps, tables, source
        self.variables = Variables(("t", "pl", "date", "datetime", "timedelta"))
        self.statements: list[str] = []
        self.frames: dict[Node, str] = {}
        self.physical: dict[Node, tuple[str, ...]] = {}
        self.widths = Widths(_NARROW)

    def program(self, plan: Node, write: str | None) -> Program:
        self.uses = uses(plan)
        frame = self.exact(plan)
        end = self.collect if write is None else f".sink_parquet({quoted(OUTPUT_FILE)})"
        return module(["import polars as pl"], [*self.statements, f"return {frame}{end}"])

    def frame(self, node: Node) -> str:
        """An expression for the node's frame: a variable where the node is used twice."""
        if node not in self.frames:
            self.frames[node] = self._emitted(node)
        return self.frames[node]

    def _emitted(self, node: Node) -> str:
        if type(node).__name__ in self.gaps.cannot:
            raise self.gaps.unsupported(type(node).__name__)
        method = getattr(self, method_name(type(node)), None)
        if method is None:
            raise self.gaps.unsupported(type(node).__name__)
        text: str = method(node)
        self.physical.setdefault(node, node.names)
        return self.assigned(node, text) if self.uses[node] > 1 else text

    def assigned(self, node: Node, text: str) -> str:
        """A variable for a frame, unless it is one already or as short as one."""
        if "." not in text:
            return text
        name = self.variables.fresh(_table_of(node))
        self.statements.append(f"{name} = {text}")
        return name

    def exact(self, node: Node) -> str:
        """The frame with the node's columns only, in order."""
        text = self.frame(node)
        return text if self.physical[node] == node.names else self._selected(node, text)

    def narrowed(self, node: Node) -> str:
        """The frame with the node's columns only, in any order."""
        text = self.frame(node)
        return text if set(self.physical[node]) == set(node.names) else self._selected(node, text)

    def _selected(self, node: Node, text: str) -> str:
        return f"{text}.select({names(node.names)})"

    def expressions(self, *sources: Node) -> PolarsExpressions:
        """A printer for expressions over the columns of these nodes."""
        schema = tuple(column for source in sources for column in source.schema)
        return PolarsExpressions(self.gaps, schema, self.widths.narrow(*sources))

    def scan(self, node: Scan) -> str:
        table = self.tables[node.table]
        text = self.reader(table)
        self.physical[node] = tuple(c.name for c in table.schema)
        if not node.renames:
            return text
        items = tuple((c.name, exp.column(source)) for source, c in node.columns)
        return f"{text}.select({self.items(items, node, of=node)})"

    def reader(self, table: Table) -> str:
        name = f"t({quoted(table.name)})"
        if self.source is Input.MEMORY:
            return name
        if self.source is Input.PARQUET:
            return f"pl.scan_parquet({name})"
        schema = ", ".join(f"{quoted(c.name)}: {DTYPES[c.type]}" for c in table.schema)
        options = [f"schema={{{schema}}}", f"null_values={listing(table.csv_format.null_values)}"]
        if table.csv_format.delimiter != ",":
            options.append(f"separator={quoted(table.csv_format.delimiter)}")
        return f"pl.scan_csv({name}, {', '.join(options)})"

    def filter(self, node: Filter) -> str:
        text = self.frame(node.input)
        self.physical[node] = self.physical[node.input]
        print_ = self.expressions(node.input)
        conditions = ", ".join(print_.text(part) for part in conjuncts(node.condition))
        return f"{text}.filter({conditions})"

    def project(self, node: Project) -> str:
        text = self.frame(node.input)
        kept = tuple(n for n, e in node.items if isinstance(e, exp.Column) and e.name == n)
        first = tuple(n for n, _ in node.items[: len(kept)])
        if self.physical[node.input] == kept == first and len(kept) < len(node.items):
            return f"{text}.with_columns({self.items(node.items[len(kept) :], node.input)})"
        if not any(columns_in(e) for _, e in node.items):  # else one row would come of it
            items = self.items(node.items, node.input, of=node)
            return f"{text}.with_columns({items}).select({names(self.physical[node])})"
        return f"{text}.select({self.items(node.items, node.input, of=node)})"

    def items(self, items: Sequence[Item], source: Node, of: Node | None = None) -> str:
        """The arguments of select, in the order that Python wants: names that stay, then keywords.

        Where ``of`` is given, the order that comes of it is noted as that node's.
        """
        print_ = self.expressions(source)
        plain = [(n, e) for n, e in items if isinstance(e, exp.Column) and e.name == n]
        others = [item for item in items if item not in plain]
        odd = [(n, e) for n, e in others if not is_keyword_argument(n)]
        keywords = [(n, e) for n, e in others if is_keyword_argument(n)]
        if of is not None:
            self.physical[of] = tuple(n for n, _ in plain + odd + keywords)
        texts = [quoted(n) for n, _ in plain]
        texts += [self._aliased(n, e, print_) for n, e in odd]
        return ", ".join(texts + [self._keyword(n, e, print_) for n, e in keywords])

    def _keyword(self, name: str, e: Expression, print_: PolarsExpressions) -> str:
        text = quoted(e.name) if isinstance(e, exp.Column) else print_.value(e)
        return f"{name}={text}"

    def _aliased(self, name: str, e: Expression, print_: PolarsExpressions) -> str:
        return f"{print_.operand(e, ATOM)}.alias({quoted(name)})"

    def aggregate(self, node: Aggregate) -> str:
        text = self.frame(node.input)
        print_ = self.expressions(node.input)
        if not node.aggregates:
            return f"{text}.select({self.items(node.keys, node.input, of=node)}).unique()"
        grouped = bool(node.keys)
        values, names = _arguments(
            (name, print_.aggregate(e, grouped)) for name, e in node.aggregates
        )
        if not grouped:
            self.physical[node] = names
            return f"{text}.select({values})"
        keys = self.items(node.keys, node.input, of=node)
        self.physical[node] += names
        return f"{text}.group_by({keys}).agg({values})"

    def join(self, node: Join) -> str:
        left, right = self._sides(node)
        how = {"inner": "", "single": ', how="cross"'}.get(node.kind, f', how="{node.kind}"')
        if node.kind == "single" and not _one_row(node.right):
            raise self.gaps.unsupported("a scalar subquery that may be empty")
        if node.kind in ("semi", "anti") and not node.on:
            raise self.gaps.unsupported("EXISTS without a column that ties it to the row")
        if node.residual is not None and node.kind != "inner":
            raise self.gaps.unsupported(f"a {node.kind} join with more than equalities")
        if node.kind in ("cross", "single"):
            text = f"{left}.join({right}{how})"
        else:
            text = f"{left}.join({right}, {self._on(node)}{how}{self._coalesce(node)})"
        if node.residual is not None:
            print_ = self.expressions(node.left, node.right)
            text = f"{text}.filter({print_.text(node.residual)})"
        return text

    def _sides(self, node: Join) -> tuple[str, str]:
        """Both inputs, narrowed where a column that nobody wants would stand in the way."""
        ours, theirs = self._columns(node.left), self._columns(node.right)
        left, right = self.frame(node.left), self.frame(node.right)
        if node.kind in ("semi", "anti"):
            self.physical[node] = ours
            return left, self.assigned(node.right, right)
        clashes = (set(ours) & set(theirs)) - node.shared_keys
        if clashes & set(node.right.names):
            left, ours = self.narrowed(node.left), node.left.names
        if clashes - set(node.right.names):
            right, theirs = self.narrowed(node.right), node.right.names
        coalesced = node.kind in ("inner", "left") and not self._coalesce(node)
        gone = {b for _, b in node.on} if coalesced else node.shared_keys
        self.physical[node] = ours + tuple(c for c in theirs if c not in gone)
        return left, self.assigned(node.right, right)

    def _columns(self, node: Node) -> tuple[str, ...]:
        self.frame(node)
        return self.physical[node]

    def _on(self, node: Join) -> str:
        left, right = [a for a, _ in node.on], [b for _, b in node.on]
        if left == right:
            return f"on={one_or_list(left)}"
        return f"left_on={one_or_list(left)}, right_on={one_or_list(right)}"

    def _coalesce(self, node: Join) -> str:
        """Polars drops the right key of an inner or left join, even where it is needed above."""
        kept = {b for a, b in node.on if a != b} & set(node.names) - {a for a, _ in node.on}
        residual = columns_in(node.residual) & {b for a, b in node.on if a != b}
        return ", coalesce=False" if node.kind in ("inner", "left") and (kept or residual) else ""

    def window(self, node: Window) -> str:
        text = self.frame(node.input)
        print_ = self.expressions(node.input)
        self.physical[node] = self.physical[node.input]
        for order, functions in _by_presorting(node.functions):
            text += f".sort({print_.sorting(order)})" if order else ""
            added, names = _arguments((name, print_.text(e)) for name, e in functions)
            text += f".with_columns({added})"
            self.physical[node] += names
        return text

    def top_per_group(self, node: TopPerGroup) -> str:
        text = f"{self.frame(node.input)}{self._sort(node.input, node.order)}"
        self.physical[node] = self.physical[node.input]
        if node.count == 1:
            return f'{text}.unique({one_or_list(node.keys)}, keep="first")'
        self.physical[node] = (
            *node.keys,
            *(c for c in self.physical[node.input] if c not in node.keys),
        )
        return f"{text}.group_by({names(node.keys)}).head({node.count})"

    def sort(self, node: Sort) -> str:
        text = self.frame(node.input)
        self.physical[node] = self.physical[node.input]
        return f"{text}{self._sort(node.input, node.keys)}"

    def _sort(self, source: Node, keys: Sequence[SortKey]) -> str:
        descending = [key.descending for key in keys]
        last = [not key.nulls_first for key in keys]
        options = f", descending={_flags(descending)}" if any(descending) else ""
        if any(source.column(key.column).nullable for key in keys) and any(last):
            options += f", nulls_last={_flags(last)}"
        return f".sort({names([key.column for key in keys])}{options})"

    def limit(self, node: Limit) -> str:
        text = self.frame(node.input)
        self.physical[node] = self.physical[node.input]
        return (
            f"{text}.slice({node.offset}, {node.count})"
            if node.offset
            else f"{text}.head({node.count})"
        )

    def distinct(self, node: Distinct) -> str:
        return f"{self.exact(node.input)}.unique()"

    def set_operation(self, node: SetOperation) -> str:
        if node.kind != "union":
            raise self.gaps.unsupported(node.kind.upper())
        both = ", ".join(self._widened(side) for side in node.inputs)
        return f"pl.concat([{both}])" + ("" if node.all else ".unique()")

    def _widened(self, node: Node) -> str:
        """The frame with the node's columns in order, in 64 bits: ``concat`` wants equal types."""
        text = self.exact(node)
        narrow = [name for name in node.names if name in self.widths.narrow(node)]
        if narrow:
            text = f"{text}.with_columns(pl.col({names(narrow)}).cast(pl.Int64))"
        return self.assigned(node, text)


def _arguments(values: Iterable[tuple[str, str]]) -> tuple[str, tuple[str, ...]]:
    """The arguments of select, agg or with_columns, and the order in which their columns come."""
    values = list(values)
    odd = [(name, text) for name, text in values if not is_keyword_argument(name)]
    plain = [(name, text) for name, text in values if is_keyword_argument(name)]
    texts = [f"({text}).alias({quoted(name)})" for name, text in odd]
    texts += [f"{name}={text}" for name, text in plain]
    return ", ".join(texts), tuple(name for name, _ in odd + plain)


def _by_presorting(functions: Sequence[tuple[str, exp.Window]]) -> list[_Presorted]:
    """Windows with the ORDER BY that the frame must have first; before them, those without."""
    orders = [tuple(window_order(e)) for _, e in functions]
    groups: dict[tuple[Expression, ...], list[tuple[str, exp.Window]]] = {}
    for order, function in zip(orders, functions, strict=True):
        groups.setdefault(order if not one_way(order) else (), []).append(function)
    return sorted(groups.items(), key=lambda group: len(group[0]) > 0)


def _flags(values: Sequence[bool]) -> str:
    return str(values[0]) if len(set(values)) == 1 else str(list(values))


def _table_of(node: Node) -> str:
    """The name of the table that a frame is mostly about: its leftmost scan."""
    while node.inputs:
        node = node.inputs[0]
    assert isinstance(node, Scan)
    return node.table


def _one_row(node: Node) -> bool:
    """Whether a node has exactly one row, whatever the data."""
    if isinstance(node, Project):
        return _one_row(node.input)
    return isinstance(node, Aggregate) and not node.keys


class PolarsSession(PythonSession):
    """Memory holds a DataFrame; programs see it as a LazyFrame."""

    def __init__(self) -> None:
        import polars as pl

        super().__init__()
        self.pl = pl

    def load(self, table: Table) -> None:
        self.tables[table.name] = self.pl.read_parquet([str(p) for p in table.parquet]).lazy()

    def to_arrow(self, result: Any) -> pa.Table:
        arrow: pa.Table = result.to_arrow()
        return arrow

    def rows(self, result: Any) -> int:
        return int(result.height)


class Polars(Engine):
    name = "polars"
    label = "Polars"
    colour = "#0075ff"
    language = "python"
    distribution = "polars"
    module = "polars"
    not_yet: ClassVar[Mapping[str, str]] = {}

    def compile(self, query: Query, tables: Mapping[str, Table], source: Input) -> Program:
        gaps = Gaps(self.label, self.cannot, self.not_yet)
        return PolarsProgram(gaps, tables, source).program(query.lowered(), query.write)

    def environment(self, threads: int) -> dict[str, str]:
        return {"POLARS_MAX_THREADS": str(threads)}

    def start(self, threads: int) -> Session:
        return PolarsSession()
