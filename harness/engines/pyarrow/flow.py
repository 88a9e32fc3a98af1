"""The text of a stream of batches: a table or a declaration, and Acero's nodes after it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.answer import SortKey
from harness.engines.pyarrow.values import ARROW_TYPES
from harness.engines.python.kernel import listing, mapping, quoted
from harness.tables import Input, Table

_AT_HAND = re.compile(
    r"(t\(.[^()]*.\)|[a-z]\w*)(\.(select|rename_columns)\((\[[^\]]*\]|\{[^}]*\})\))*"
)


@dataclass(frozen=True)
class Flow:
    """Text for a stream of batches: its source, then Acero's steps on it.

    ``columns`` are those that the stream really has, needed or not. ``values`` maps each column
    that has one value in all rows, and is not in the batches, to the variable with the value.
    """

    head: str
    columns: tuple[str, ...]
    name: str
    is_table: bool = True
    steps: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)

    def then(self, kind: str, options: str, columns: Sequence[str] | None = None) -> Flow:
        """Returns the flow with one more step; ``kind`` is Acero's name of it, as ``filter``.

        ``options`` is the text of its options, ``columns`` are the new columns if it changes them.
        """
        step = f"Declaration({quoted(kind)}, {options})"
        columns_now = self.columns if columns is None else tuple(columns)
        return replace(self, steps=(*self.steps, step), columns=columns_now)

    def projected(self, texts: Mapping[str, str]) -> Flow:
        """Returns the flow with a projection as one more step.

        ``texts`` maps the columns that it gives to the texts that compute them.
        """
        options = f"[{', '.join(texts.values())}]"
        if any(text != column(name) for name, text in texts.items()):
            options += f", {listing(list(texts))}"
        flow = self.then("project", f"ProjectNodeOptions({options})", tuple(texts))
        return replace(flow, values={})

    def trimmed(self, names: Sequence[str]) -> Flow:
        """Returns the flow with exactly these columns; values for all rows become columns."""
        if self.columns == tuple(names):
            return replace(self, values={})
        if self.is_bare and not self.values.keys() & set(names):
            head = f"{self.head}.select({listing(names)})"
            return replace(self, head=head, columns=tuple(names), values={})
        return self.projected({name: self.values.get(name) or column(name) for name in names})

    @property
    def is_bare(self) -> bool:
        """True if the flow's source is an Arrow table, in memory or read, and no steps follow."""
        return self.is_table and not self.steps

    @property
    def is_at_hand(self) -> bool:
        """True if the flow is a table in memory, perhaps with columns chosen or renamed."""
        return self.is_bare and _AT_HAND.fullmatch(self.head) is not None

    @property
    def declaration(self) -> str:
        head = self.head
        if self.is_table:
            head = f'Declaration("table_source", TableSourceNodeOptions({head}))'
        if not self.steps:
            return head
        return f"Declaration.from_sequence([{', '.join([head, *self.steps])}])"

    @property
    def table(self) -> str:
        return self.head if self.is_bare else f"{self.declaration}.to_table()"


def column(name: str) -> str:
    return f"pc.field({quoted(name)})"


def with_one_zero(flow: Flow, keys: Sequence[str]) -> Flow:
    """Returns the flow with -0.0 as 0.0 in float keys: the two are equal in SQL, not in Acero."""
    if not keys:
        return flow
    texts = {name: column(name) for name in flow.columns}
    return flow.projected(texts | {key: f"{column(key)} + 0.0" for key in keys})


def sort_keys(keys: Sequence[SortKey]) -> str:
    """Returns the text of Arrow's sort keys, ``[("a", "ascending")]``.

    NULL goes last in both directions unless a key says ``at_start``.
    """
    texts = []
    for key in keys:
        way = "descending" if key.descending else "ascending"
        nulls = ', "at_start"' if key.nulls_first else ""
        texts.append(f"({quoted(key.column)}, {quoted(way)}{nulls})")
    return f"[{', '.join(texts)}]"


def source(table: Table, kind: Input, columns: Sequence[str], condition: str = "") -> str:
    """Returns the text that reads a table's columns; ``kind`` says whether from memory or files.

    ``condition`` is the text of a filter, which is applied to Parquet only.
    """
    whole = list(columns) == [c.name for c in table.schema]
    text = f"t({quoted(table.name)})"
    if kind is Input.CSV:
        return _read_csv(table, text, columns or [table.schema[0].name])
    if kind is Input.MEMORY:
        return text if whole or not columns else f"{text}.select({listing(columns)})"
    options = [] if whole else [f"columns={listing(columns)}"]
    options += [f"filters={condition}"] if condition else []
    return f"pq.read_table({', '.join([text, *options])})"


def _read_csv(table: Table, path: str, columns: Sequence[str]) -> str:
    types = {c: ARROW_TYPES[table.column(c).type] for c in columns}
    options = [f"include_columns={listing(columns)}"] if len(types) < len(table.schema) else []
    options += [
        f"column_types={mapping(types)}",
        f"null_values={listing(table.csv_format.null_values)}",
        "strings_can_be_null=True",
    ]
    arguments = f"convert_options=csv.ConvertOptions({', '.join(options)})"
    if table.csv_format.delimiter != ",":
        parse = f"csv.ParseOptions(delimiter={quoted(table.csv_format.delimiter)})"
        arguments = f"parse_options={parse}, {arguments}"
    if len(table.csv) == 1:
        return f"csv.read_csv({path}, {arguments})"
    return f"read_csv({path}, {arguments})"  # t() gives one path, or a list of several
