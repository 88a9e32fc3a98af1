import pyarrow.compute as pc
from pyarrow.acero import (
    AggregateNodeOptions,
    Declaration,
    HashJoinNodeOptions,
    OrderByNodeOptions,
    ProjectNodeOptions,
    TableSourceNodeOptions,
)


def query(t):
    flights = Declaration(
        "table_source",
        TableSourceNodeOptions(t("flights").select(["dep_delay", "arr_delay", "carrier"])),
    )
    airlines = Declaration("table_source", TableSourceNodeOptions(t("airlines")))
    return Declaration.from_sequence(
        [
            Declaration(
                "hashjoin",
                HashJoinNodeOptions(
                    "inner",
                    left_keys=["carrier"],
                    right_keys=["carrier"],
                    left_output=["dep_delay", "arr_delay"],
                    right_output=["name"],
                ),
                inputs=[flights, airlines],
            ),
            Declaration(
                "project",
                ProjectNodeOptions(
                    [
                        pc.field("name"),
                        pc.field("dep_delay"),
                        pc.field("arr_delay"),
                        pc.case_when(pc.make_struct(pc.field("arr_delay") > 15), 1, 0),
                    ],
                    ["name", "dep_delay", "arr_delay", "arr_delay_sum"],
                ),
            ),
            Declaration(
                "aggregate",
                AggregateNodeOptions(
                    [
                        ([], "hash_count_all", None, "flights"),
                        ("dep_delay", "hash_mean", None, "mean_dep_delay"),
                        ("arr_delay", "hash_mean", None, "mean_arr_delay"),
                        ("arr_delay_sum", "hash_sum", None, "arr_delay_sum"),
                        ("arr_delay", "hash_count", None, "arr_delay_count"),
                    ],
                    keys=["name"],
                ),
            ),
            Declaration(
                "project",
                ProjectNodeOptions(
                    [
                        pc.field("name"),
                        pc.field("flights"),
                        pc.field("mean_dep_delay"),
                        pc.field("mean_arr_delay"),
                        pc.divide(
                            (pc.field("arr_delay_sum").cast("float64") * 1.0),
                            pc.field("arr_delay_count"),
                        ),
                    ],
                    ["name", "flights", "mean_dep_delay", "mean_arr_delay", "share_late"],
                ),
            ),
            Declaration(
                "order_by",
                OrderByNodeOptions([("mean_arr_delay", "descending"), ("name", "ascending")]),
            ),
        ]
    ).to_table()
