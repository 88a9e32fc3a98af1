import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow.acero import (
    AggregateNodeOptions,
    Declaration,
    FilterNodeOptions,
    HashJoinNodeOptions,
    ProjectNodeOptions,
    TableSourceNodeOptions,
)


def query(t):
    supplier = Declaration(
        "table_source",
        TableSourceNodeOptions(
            pq.read_table(t("supplier"), columns=["s_suppkey", "s_name", "s_nationkey"])
        ),
    )
    nation = Declaration(
        "table_source",
        TableSourceNodeOptions(
            pq.read_table(
                t("nation"), columns=["n_nationkey"], filters=pc.field("n_name") == "SAUDI ARABIA"
            )
        ),
    )
    joined = Declaration(
        "hashjoin",
        HashJoinNodeOptions(
            "inner",
            left_keys=["s_nationkey"],
            right_keys=["n_nationkey"],
            left_output=["s_suppkey", "s_name"],
            right_output=[],
        ),
        inputs=[supplier, nation],
    )
    lineitem = Declaration.from_sequence(
        [
            Declaration(
                "table_source",
                TableSourceNodeOptions(
                    pq.read_table(
                        t("lineitem"),
                        columns=["l_orderkey", "l_suppkey", "l_commitdate", "l_receiptdate"],
                    )
                ),
            ),
            Declaration(
                "filter", FilterNodeOptions(pc.field("l_commitdate") < pc.field("l_receiptdate"))
            ),
        ]
    )
    joined2 = Declaration(
        "hashjoin",
        HashJoinNodeOptions(
            "inner",
            left_keys=["s_suppkey"],
            right_keys=["l_suppkey"],
            left_output=["s_name"],
            right_output=["l_orderkey", "l_suppkey"],
        ),
        inputs=[joined, lineitem],
    )
    orders = Declaration(
        "table_source",
        TableSourceNodeOptions(
            pq.read_table(
                t("orders"), columns=["o_orderkey"], filters=pc.field("o_orderstatus") == "F"
            )
        ),
    )
    joined3 = Declaration(
        "hashjoin",
        HashJoinNodeOptions(
            "inner",
            left_keys=["l_orderkey"],
            right_keys=["o_orderkey"],
            left_output=["s_name", "l_orderkey", "l_suppkey"],
            right_output=[],
        ),
        inputs=[joined2, orders],
    ).to_table()
    lineitem2 = Declaration(
        "table_source",
        TableSourceNodeOptions(
            pq.read_table(
                t("lineitem"), columns=["l_orderkey", "l_suppkey", "l_commitdate", "l_receiptdate"]
            )
        ),
    )
    joined4 = Declaration("table_source", TableSourceNodeOptions(joined3))
    joined5 = Declaration("table_source", TableSourceNodeOptions(joined3))
    joined6 = Declaration.from_sequence(
        [
            Declaration(
                "hashjoin",
                HashJoinNodeOptions(
                    "left semi",
                    left_keys=["l_orderkey"],
                    right_keys=["l_orderkey"],
                    left_output=["l_orderkey", "l_suppkey"],
                    right_output=[],
                ),
                inputs=[lineitem2, joined4],
            ),
            Declaration(
                "aggregate",
                AggregateNodeOptions(
                    [
                        ("l_suppkey", "hash_min", None, "l_suppkey_min"),
                        ("l_suppkey", "hash_max", None, "l_suppkey_max"),
                    ],
                    keys=["l_orderkey"],
                ),
            ),
        ]
    )
    joined7 = Declaration.from_sequence(
        [
            Declaration(
                "hashjoin",
                HashJoinNodeOptions(
                    "inner",
                    left_keys=["l_orderkey"],
                    right_keys=["l_orderkey"],
                    left_output=["s_name", "l_orderkey", "l_suppkey"],
                    right_output=["l_suppkey_min", "l_suppkey_max"],
                ),
                inputs=[joined5, joined6],
            ),
            Declaration(
                "filter",
                FilterNodeOptions(
                    (pc.field("l_suppkey_min") != pc.field("l_suppkey"))
                    | (pc.field("l_suppkey_max") != pc.field("l_suppkey"))
                ),
            ),
            Declaration(
                "project",
                ProjectNodeOptions(
                    [pc.field("s_name"), pc.field("l_orderkey"), pc.field("l_suppkey")]
                ),
            ),
        ]
    ).to_table()
    lineitem3 = Declaration(
        "table_source",
        TableSourceNodeOptions(
            pq.read_table(
                t("lineitem"), columns=["l_orderkey", "l_suppkey", "l_commitdate", "l_receiptdate"]
            )
        ),
    )
    joined8 = Declaration("table_source", TableSourceNodeOptions(joined7))
    joined9 = Declaration("table_source", TableSourceNodeOptions(joined7))
    joined10 = Declaration.from_sequence(
        [
            Declaration(
                "hashjoin",
                HashJoinNodeOptions(
                    "left semi",
                    left_keys=["l_orderkey"],
                    right_keys=["l_orderkey"],
                    left_output=["l_orderkey", "l_suppkey", "l_commitdate", "l_receiptdate"],
                    right_output=[],
                ),
                inputs=[lineitem3, joined8],
            ),
            Declaration(
                "filter", FilterNodeOptions(pc.field("l_commitdate") < pc.field("l_receiptdate"))
            ),
            Declaration(
                "aggregate",
                AggregateNodeOptions(
                    [
                        ("l_suppkey", "hash_min", None, "l_suppkey_min_2"),
                        ("l_suppkey", "hash_max", None, "l_suppkey_max_2"),
                    ],
                    keys=["l_orderkey"],
                ),
            ),
        ]
    )
    joined11 = Declaration.from_sequence(
        [
            Declaration(
                "hashjoin",
                HashJoinNodeOptions(
                    "left outer",
                    left_keys=["l_orderkey"],
                    right_keys=["l_orderkey"],
                    left_output=["s_name", "l_suppkey"],
                    right_output=["l_suppkey_min_2", "l_suppkey_max_2"],
                ),
                inputs=[joined9, joined10],
            ),
            Declaration(
                "filter",
                FilterNodeOptions(
                    pc.field("l_suppkey_min_2").is_null()
                    | pc.field("l_suppkey").is_null()
                    | (pc.field("l_suppkey_min_2") == pc.field("l_suppkey"))
                    & (pc.field("l_suppkey_max_2") == pc.field("l_suppkey"))
                ),
            ),
            Declaration(
                "aggregate",
                AggregateNodeOptions([([], "hash_count_all", None, "numwait")], keys=["s_name"]),
            ),
        ]
    ).to_table()
    return joined11.take(
        pc.select_k_unstable(
            joined11, k=100, sort_keys=[("numwait", "descending"), ("s_name", "ascending")]
        )
    )
