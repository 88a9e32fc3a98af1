import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq
from pyarrow.acero import (
    AggregateNodeOptions,
    Declaration,
    FilterNodeOptions,
    HashJoinNodeOptions,
    ProjectNodeOptions,
    TableSourceNodeOptions,
)


def read_csv(paths, **options):
    """One table of one file or several."""
    paths = [paths] if isinstance(paths, str) else paths
    return pa.concat_tables([csv.read_csv(path, **options) for path in paths])


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


def placed(values, rows):
    """Values in the order of the flattened lists of rows, back in the order of the table."""
    values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return pc.scatter(values, rows.flatten())


def query(t):
    orders = read_csv(
        t("orders"),
        convert_options=csv.ConvertOptions(
            include_columns=[
                "order_id",
                "product_code",
                "ordered_on",
                "quantity",
                "unit_price",
                "status",
                "updated_at",
            ],
            column_types={
                "order_id": "int64",
                "product_code": "string",
                "ordered_on": "string",
                "quantity": "string",
                "unit_price": "string",
                "status": "string",
                "updated_at": "timestamp[us]",
            },
            null_values=[""],
            strings_can_be_null=True,
        ),
    )
    rows = ranked_rows(orders, ["order_id"], [("updated_at", "descending")])
    orders = orders.append_column("place", placed(row_numbers(rows), rows))
    orders2 = Declaration.from_sequence(
        [
            Declaration(
                "table_source",
                TableSourceNodeOptions(
                    orders.select(
                        ["product_code", "ordered_on", "quantity", "unit_price", "status", "place"]
                    )
                ),
            ),
            Declaration(
                "filter",
                FilterNodeOptions(
                    pc.utf8_lower(pc.utf8_trim(pc.field("status"), " ")).isin(
                        ["shipped", "delivered"]
                    )
                    & (pc.field("place") == 1)
                ),
            ),
            Declaration(
                "project",
                ProjectNodeOptions(
                    [
                        pc.replace_substring(
                            pc.utf8_trim(pc.field("ordered_on"), " "), "/", "-"
                        ).cast("date32"),
                        pc.utf8_upper(pc.utf8_trim(pc.field("product_code"), " ")),
                        pc.case_when(
                            pc.make_struct(pc.field("quantity") == "n/a"),
                            pc.scalar(None).cast("string"),
                            pc.field("quantity"),
                        ).cast("int64"),
                        pc.replace_substring(pc.field("unit_price"), "$", "").cast("float64"),
                    ],
                    ["ordered_on", "product_code", "quantity", "unit_price"],
                ),
            ),
            Declaration("filter", FilterNodeOptions(pc.field("ordered_on").is_valid())),
        ]
    )
    products = Declaration(
        "table_source",
        TableSourceNodeOptions(
            read_csv(
                t("products"),
                convert_options=csv.ConvertOptions(
                    column_types={
                        "product_code": "string",
                        "category": "string",
                        "list_price": "float64",
                    },
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
        ),
    )
    pq.write_table(
        Declaration.from_sequence(
            [
                Declaration(
                    "hashjoin",
                    HashJoinNodeOptions(
                        "inner",
                        left_keys=["product_code"],
                        right_keys=["product_code"],
                        left_output=["ordered_on", "quantity", "unit_price"],
                        right_output=["category", "list_price"],
                    ),
                    inputs=[orders2, products],
                ),
                Declaration(
                    "project",
                    ProjectNodeOptions(
                        [
                            pc.floor_temporal(
                                pc.field("ordered_on").cast("timestamp[us]"), unit="month"
                            ).cast("date32"),
                            pc.field("category"),
                            pc.field("quantity"),
                            pc.coalesce(pc.field("quantity"), 1)
                            * pc.coalesce(pc.field("unit_price"), pc.field("list_price")),
                        ],
                        ["month", "category", "quantity", "turnover"],
                    ),
                ),
                Declaration(
                    "aggregate",
                    AggregateNodeOptions(
                        [
                            ([], "hash_count_all", None, "orders"),
                            ("quantity", "hash_sum", None, "items"),
                            ("turnover", "hash_sum", None, "turnover"),
                        ],
                        keys=["month", "category"],
                    ),
                ),
            ]
        ).to_table(),
        "answer.parquet",
    )
