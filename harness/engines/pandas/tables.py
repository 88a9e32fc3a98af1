"""Emits how pandas reads tables, and with which dtypes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.engines.pandas.session import needs_mask
from harness.engines.python.kernel import listing, mapping, quoted
from harness.plan.tree.nodes import Aggregate, Join, Node, Scan, Values, walk
from harness.tables import Table
from harness.types import Column, Schema, Type

_OF_NOTHING = {
    Type.INT64: "Int64",
    Type.FLOAT64: "Float64",
    Type.BOOLEAN: "boolean",
    Type.STRING: "str",
}


_PLAIN = {
    Type.INT64: "int64",
    Type.FLOAT64: "float64",
    Type.STRING: "str",
    Type.BOOLEAN: "bool",
}
_MASKED = {Type.INT64: "Int64", Type.BOOLEAN: "boolean"}


def dtypes_of_nothing(node: Node, columns: Schema | None = None) -> dict[str, str]:
    """Returns dtypes for columns whose dtype is unknown if an aggregate has no rows.

    Float columns are among them if they may be computed from masked integers, as a mean of a sum
    is: the value is then NA, not NaN. ``columns`` are those of the node, or other ones of its rows.
    """
    kinds = (Scan, Values, Join)
    sources = (
        n for n in walk(node) if isinstance(n, kinds) or (isinstance(n, Aggregate) and n != node)
    )
    masked = any(needs_mask(n.schema) for n in sources)
    types = set(_OF_NOTHING) - (set() if masked else {Type.FLOAT64})
    of_node = node.schema if columns is None else columns
    return {c.name: _OF_NOTHING[c.type] for c in of_node if c.nullable and c.type in types}


def series_of_constants(library: str, column: Column, values: str) -> str:
    """Returns the text of a column of constants with the dtype that a table's column has.

    ``values`` is the text of their list.
    """
    if column.type in (Type.DATE, Type.TIMESTAMP):
        return f"{library}.to_datetime({values})"
    if needs_mask([column]):
        return f"{library}.Series({values}, dtype={quoted(_MASKED[column.type])})"
    return values


def read_parquet(name: str, columns: Sequence[Column]) -> str:
    """Emits ``read_parquet`` with dates as datetime64, and integers that keep their NULLs.

    Where one column needs a mask, pandas gives one to all; the others get their plain dtypes back.
    """
    options = [f"columns={listing([c.name for c in columns])}"]
    options += ['dtype_backend="numpy_nullable"'] if needs_mask(columns) else []
    if any(c.type is Type.DATE for c in columns):
        options.append('to_pandas_kwargs={"date_as_object": False}')
    return f"pd.read_parquet({name}, {', '.join(options)}){without_masks(columns)}"


def chunk_of_parquet(batch: str, columns: Sequence[Column]) -> str:
    """Returns the text that makes a frame of a record batch of a Parquet file.

    ``batch`` is the batch's variable; the frame's dtypes are those that `read_parquet` gives.
    """
    options = ["date_as_object=False"] if any(c.type is Type.DATE for c in columns) else []
    if not needs_mask(columns):
        return f"{batch}.to_pandas({', '.join(options)})"
    options.append("types_mapper={pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}.get")
    whole = [c for c in columns if c.type in _MASKED]
    return f"{batch}.to_pandas({', '.join(options)}){without_masks(whole)}"


def without_masks(columns: Sequence[Column]) -> str:
    """Returns the text of a cast to plain dtypes, or an empty text.

    It casts the columns that need no mask, if other columns of the file do.
    """
    plain = [c for c in columns if c.type in _PLAIN and not needs_mask([c])]
    dtypes = {c.name: _PLAIN[c.type] for c in plain if needs_mask(columns)}
    return f".astype({mapping(dtypes)})" if dtypes else ""


def read_csv(name: str, table: Table, columns: Sequence[Column], library: str = "pd") -> str:
    options = csv_options(table, columns, _PLAIN, _MASKED)
    return f'{library}.read_csv({name}, {options}, engine="pyarrow")'


def chunks_of_csv(name: str, table: Table, columns: Sequence[Column], rows: int) -> str:
    """Returns the text of a ``read_csv`` that yields frames of at most ``rows`` rows.

    ``name`` is the text of the file's path, ``columns`` are those to read.
    """
    options = [csv_options(table, columns, _PLAIN, _MASKED)]
    options += ['date_format="ISO8601"'] if any(c.type.temporal for c in columns) else []
    return f"pd.read_csv({name}, {', '.join(options)}, chunksize={rows:_})"


def csv_options(
    table: Table,
    columns: Sequence[Column],
    dtypes: Mapping[Type, str],
    with_nulls: Mapping[Type, str] | None = None,
) -> str:
    """Returns the text of options of ``read_csv`` that read ``columns``, with these dtypes.

    ``dtypes`` maps types to dtypes; ``with_nulls`` has those that differ for columns with NULLs.
    Without a column to read it is the table's first, since rows of no fields are none.
    """
    columns = columns or table.schema[:1]
    form, masked = table.csv_format, {**dtypes, **(with_nulls or {})}
    known = {
        c.name: (masked if c.nullable else dtypes)[c.type] for c in columns if not c.type.temporal
    }
    dates = [c.name for c in columns if c.type.temporal]
    options = [f"usecols={listing([c.name for c in columns])}"]
    options += [f"dtype={mapping(known)}"] if known else []
    options += [f"parse_dates={listing(dates)}"] if dates else []
    options += ["keep_default_na=False", f"na_values={listing(form.null_values)}"]
    options += [f"sep={quoted(form.delimiter)}"] if form.delimiter != "," else []
    return ", ".join(options)
