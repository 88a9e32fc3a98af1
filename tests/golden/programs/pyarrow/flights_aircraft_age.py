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
        TableSourceNodeOptions(t("flights").select(["arr_delay", "tailnum", "distance"])),
    )
    planes = Declaration(
        "table_source", TableSourceNodeOptions(t("planes").select(["tailnum", "year", "seats"]))
    )
    return Declaration.from_sequence(
        [
            Declaration(
                "hashjoin",
                HashJoinNodeOptions(
                    "left outer",
                    left_keys=["tailnum"],
                    right_keys=["tailnum"],
                    left_output=["arr_delay", "distance"],
                    right_output=["year", "seats"],
                ),
                inputs=[flights, planes],
            ),
            Declaration(
                "project",
                ProjectNodeOptions(
                    [
                        pc.field("arr_delay"),
                        pc.field("distance"),
                        pc.field("seats"),
                        pc.case_when(
                            pc.make_struct(
                                pc.field("year").is_null(),
                                pc.field("year") > 2008,
                                (pc.field("year") >= 1999) & (pc.field("year") <= 2008),
                            ),
                            "unknown",
                            "under 5",
                            "5 to 14",
                            "15 and over",
                        ),
                    ],
                    ["arr_delay", "distance", "seats", "age"],
                ),
            ),
            Declaration(
                "aggregate",
                AggregateNodeOptions(
                    [
                        ([], "hash_count_all", None, "flights"),
                        ("arr_delay", "hash_mean", None, "mean_arr_delay"),
                        ("distance", "hash_mean", None, "mean_miles"),
                        ("seats", "hash_sum", None, "seats_flown"),
                    ],
                    keys=["age"],
                ),
            ),
            Declaration("order_by", OrderByNodeOptions([("age", "ascending")])),
        ]
    ).to_table()
