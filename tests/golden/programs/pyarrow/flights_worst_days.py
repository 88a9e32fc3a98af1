import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.acero import (
    AggregateNodeOptions,
    Declaration,
    FilterNodeOptions,
    OrderByNodeOptions,
    ProjectNodeOptions,
    TableSourceNodeOptions,
)


def ranked_rows(table, keys, order):
    """The numbers of each group's rows in the order given, one list a group."""
    places = pc.sort_indices(table, sort_keys=order).cast("int64")
    if not keys:
        return pa.ListArray.from_arrays([0, len(places)], places)
    rows = table.select(keys).take(places).append_column("row number", places)
    groups = rows.group_by(keys, use_threads=False).aggregate([("row number", "list")])
    return groups["row number_list"].combine_chunks()


def row_numbers(rows):
    """1, 2, 3, ... in each list of rows."""
    lengths = pc.list_value_length(rows).cast("int64")
    starts = pc.subtract(pc.cumulative_sum(lengths), lengths).take(pc.list_parent_indices(rows))
    return pc.add(pc.subtract(pa.arange(0, len(starts)), starts), 1)


def new_values(rows, ordered):
    """Which rows differ from the one before them in their list; NULL equals NULL here."""
    numbers = row_numbers(rows)
    before = pc.subtract(pa.arange(0, len(numbers)), 1)
    before = pc.if_else(pc.greater(numbers, 1), before, None)
    new = pc.equal(numbers, 1)
    for column in ordered.columns:
        earlier = column.take(before)
        null_differs = pc.xor(column.is_valid(), earlier.is_valid())
        new = pc.or_(new, pc.coalesce(pc.not_equal(column, earlier), null_differs))
    return new


def ranks(rows, ordered):
    """The row number of the first of equal rows, for each list of rows."""
    new = new_values(rows, ordered)
    return pc.fill_null_forward(pc.if_else(new, row_numbers(rows), None))


def placed(values, rows):
    """Values in the order of the flattened lists of rows, back in the order of the table."""
    values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return pc.scatter(values, rows.flatten())


def query(t):
    flights = Declaration.from_sequence(
        [
            Declaration(
                "table_source",
                TableSourceNodeOptions(
                    t("flights").select(["dep_time", "dep_delay", "origin", "time_hour"])
                ),
            ),
            Declaration(
                "project",
                ProjectNodeOptions(
                    [
                        pc.field("origin"),
                        pc.floor_temporal(pc.field("time_hour"), unit="day").cast("date32"),
                        pc.field("dep_delay"),
                        pc.field("dep_time"),
                    ],
                    ["origin", "day", "dep_delay", "dep_time"],
                ),
            ),
            Declaration(
                "aggregate",
                AggregateNodeOptions(
                    [
                        ([], "hash_count_all", None, "flights"),
                        ("dep_delay", "hash_mean", None, "mean_dep_delay"),
                        ("dep_time", "hash_count", None, "dep_time_count"),
                    ],
                    keys=["origin", "day"],
                ),
            ),
            Declaration(
                "project",
                ProjectNodeOptions(
                    [
                        pc.field("origin"),
                        pc.field("day"),
                        pc.field("flights"),
                        pc.field("mean_dep_delay"),
                        pc.field("flights") - pc.field("dep_time_count"),
                    ],
                    ["origin", "day", "flights", "mean_dep_delay", "cancelled"],
                ),
            ),
            Declaration("filter", FilterNodeOptions(pc.field("flights") >= 50)),
        ]
    ).to_table()
    rows = ranked_rows(flights, ["origin"], [("mean_dep_delay", "descending")])
    flights = flights.append_column(
        "place", placed(ranks(rows, flights.select(["mean_dep_delay"]).take(rows.flatten())), rows)
    )
    return (
        Declaration.from_sequence(
            [
                Declaration("table_source", TableSourceNodeOptions(flights)),
                Declaration("filter", FilterNodeOptions(pc.field("place") <= 3)),
                Declaration(
                    "order_by",
                    OrderByNodeOptions(
                        [("origin", "ascending"), ("place", "ascending"), ("day", "ascending")]
                    ),
                ),
            ]
        )
        .to_table()
        .select(["origin", "place", "day", "flights", "mean_dep_delay", "cancelled"])
    )
