"""Tables of a user -> the text of a workload file with queries that suit them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from textwrap import wrap

import yaml

from harness.data.looks import advice
from harness.data.summary import ColumnSummary
from harness.sandbox.names import spelt
from harness.tables import Look, Table
from harness.types import Column, Type
from harness.words import visible

FEWEST, MOST = 2, 1_000
"""How many different values a column to group by has."""
WIDTH = 80
SHARE = 0.95
"""A column with more different values than this share of the rows is a key."""


@dataclass(frozen=True)
class Drafted:
    """A user's table in a draft: its file, its columns, and how it has to be read.

    ``keys`` are the YAML keys beside ``path``; ``mended`` says what in the file makes them
    necessary.
    """

    table: Table
    path: str
    columns: Mapping[str, ColumnSummary]
    keys: Mapping[str, str | tuple[str, ...]]
    mended: tuple[Look, ...] = ()

    @property
    def name(self) -> str:
        return self.table.name

    def different(self, column: Column) -> int:
        return self.columns[column.name].different

    @property
    def usable(self) -> list[Column]:
        """Returns the columns that a query in a YAML file can name: those with printable names."""
        return [column for column in self.table.schema if column.name.isprintable()]

    def is_key(self, column: Column) -> bool:
        """True if nearly every row (95%) has a value of its own in this column."""
        return self.different(column) > SHARE * min(self.table.rows, 1_000_000)

    @property
    def label(self) -> Column | None:
        """Returns the column to group by: one with 2 to 1,000 values, no float and no key; or None.

        Text is preferred, then few values.
        """
        few = [
            column
            for column in self.usable
            if FEWEST <= self.different(column) <= MOST
            and column.type is not Type.FLOAT64
            and not self.is_key(column)
        ]
        few.sort(key=lambda column: (column.type is not Type.STRING, self.different(column)))
        return few[0] if few else None

    @property
    def measure(self) -> Column | None:
        """Returns the column of numbers to average, or None: not the label, and no integer key.

        Floats are preferred, then many different values.
        """
        label = self.label
        numbers = [c for c in self.usable if c.type in (Type.FLOAT64, Type.INT64)]
        numbers = [
            c for c in numbers if c != label and (c.type is Type.FLOAT64 or not self.is_key(c))
        ]
        numbers.sort(key=lambda column: (column.type is not Type.FLOAT64, -self.different(column)))
        return numbers[0] if numbers else None


@dataclass(frozen=True)
class Draft:
    """A query in the draft of a workload file."""

    name: str
    title: str
    sql: str


def candidates(tables: Sequence[Drafted]) -> Iterator[list[Draft]]:
    """Yields, for each query that a draft may have, a list of ways to write it, the best first."""
    biggest = max(tables, key=lambda one: one.table.rows)
    yield _group_by(biggest)
    yield _top(biggest)
    joins = [join for pair in combinations(tables, 2) for join in _joins(*pair)]
    yield joins or _distinct(biggest)


def _group_by(one: Drafted) -> list[Draft]:
    label, measure = one.label, one.measure
    if label is None:
        return [Draft("rows", "Count the rows", f"select count(*) as n\nfrom {one.name}")]
    name = spelt(label.name)
    value = f", avg({spelt(measure.name)}) as mean" if measure else ""
    about = f" and mean {measure.name}" if measure else ""
    end = f"from {one.name}\ngroup by {name}\norder by n desc, {name}"
    return [
        Draft(
            f"by_{_word(label.name)}",
            f"Rows{about} by {label.name}",
            f"select {name}, count(*) as n{mean}\n{end}",
        )
        for mean in dict.fromkeys((value, ""))
    ]


def _top(one: Drafted) -> list[Draft]:
    column = one.measure or next(iter(one.usable), None)
    if column is None:
        return []
    name = spelt(column.name)
    shown = ", ".join(spelt(c.name) for c in dict.fromkeys([*one.usable[:3], column]))
    sql = (
        f"select {shown}\nfrom {one.name}\nwhere {name} is not null\norder by {name} desc\nlimit 10"
    )
    return [Draft(f"top_{_word(column.name)}", f"The ten rows with most {column.name}", sql)]


def _distinct(one: Drafted) -> list[Draft]:
    by = one.label
    counted = [c for c in one.usable if c != by and c.type is not Type.FLOAT64]
    if not one.usable:
        return []
    column = max(counted or one.usable, key=one.different)
    name = f"different_{_word(column.name)}"
    value = f"count(distinct {spelt(column.name)}) as different"
    plain = Draft(name, f"Different {column.name}", f"select {value}\nfrom {one.name}")
    if by is None or by == column:
        return [plain]
    key = spelt(by.name)
    sql = f"select {key}, {value}\nfrom {one.name}\ngroup by {key}\norder by {key}"
    return [Draft(name, f"Different {column.name} by {by.name}", sql), plain]


def _joins(one: Drafted, other: Drafted) -> Iterator[Draft]:
    """Yields queries that join two tables by columns of the same name and type.

    Of the two columns, one must be a key of its table.
    """
    types = {column.name.lower(): column for column in other.usable}
    for column in one.usable:
        match = types.get(column.name.lower())
        if match is None or match.type is not column.type or column.type is Type.FLOAT64:
            continue
        if other.is_key(match):
            yield _join(one, other, column, match)
        elif one.is_key(column):
            yield _join(other, one, match, column)


def _join(many: Drafted, one: Drafted, left: Column, right: Column) -> Draft:
    """Returns a query that joins ``many`` to ``one`` by the key of ``one``, and counts the rows.

    It groups them by a column of ``one``, or by the key.
    """
    label = one.label if one.label not in (None, right) else None
    by = f"b.{spelt(label.name)}" if label else f"a.{spelt(left.name)}"
    measure = many.measure
    mean = f", avg(a.{spelt(measure.name)}) as mean" if measure and measure != left else ""
    on = f"a.{spelt(left.name)} = b.{spelt(right.name)}"
    sql = (
        f"select {by}, count(*) as n{mean}\nfrom {many.name} a\njoin {one.name} b on {on}\n"
        f"group by {by}\norder by n desc, {by}\nlimit 100"
    )
    name = f"{many.name}_with_{one.name}"[:64]
    return Draft(name, f"{many.name} joined with {one.name} by {left.name}", sql)


def _word(name: str) -> str:
    """Returns a column's name in the form that it has in a query's name: a-z, 0-9 and _ only."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name.lower())[:48] or "column"


def as_yaml(title: str, command: str, tables: Sequence[Drafted], queries: Sequence[Draft]) -> str:
    """Returns the text of a workload file that has these tables and queries.

    ``command`` is the command that drafted it, for a comment.
    """
    lines = [f"# Drafted by: {_line(command)}", f"title: {_scalar(title)}", "tables:"]
    for one in tables:
        lines += _table_lines(one)
    lines.append("queries:")
    for query in queries:
        lines += [f"  {query.name}:", f"    title: {_scalar(query.title)}", "    sql: |"]
        lines += [f"      {line}" for line in query.sql.splitlines()]
    return "\n".join(lines) + "\n"


def _table_lines(one: Drafted) -> Iterator[str]:
    yield f"  {_scalar(one.name)}:"
    yield f"    path: {_scalar(one.path)}"
    for key, value in one.keys.items():
        yield f"    {key}: {_scalar(value)}"
    for look in one.mended:
        yield from _comment(f"{look.column}: {look.why}")
    yield f"    # {one.table.rows:,} rows; to set a type: schema: {{column: type}}"
    width = min(28, max(len(column.name) for column in one.table.schema))
    for column in one.table.schema:
        found = one.columns[column.name]
        shown = f"{found.different:,} different: {', '.join(found.examples)}"
        name = _line(column.name)
        yield f"    # {name:<{width}}  {column.type.value:<9}  {_line(shown)}"[:WIDTH].rstrip()
    for look in one.table.looks:
        yield from _comment(advice(look))


def _comment(text: str) -> list[str]:
    """Returns a text as lines of a YAML comment, indented as a table's."""
    return wrap(_line(text), WIDTH, initial_indent="    # ", subsequent_indent="    #   ")


def _line(text: str) -> str:
    """Returns a text as one line, without control characters, for a YAML comment."""
    return " ".join(visible(text).split())


def _scalar(value: object) -> str:
    """Returns a value as YAML: plain if it is a simple word, else as JSON, which YAML includes.

    ``no`` and ``on`` are no words to YAML.
    """
    if isinstance(value, str) and re.fullmatch(r"[^\W\d][\w ]*", value):
        return value if yaml.safe_load(value) == value else json.dumps(value)
    return json.dumps(value, ensure_ascii=False)


def relative(path: Path, output: Path) -> str:
    """Returns, as text, a path relative to the folder of the workload file ``output``."""
    text = os.path.relpath(path, output.parent)
    return f"./{text}" if text.startswith("~") else text
