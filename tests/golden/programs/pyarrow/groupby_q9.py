import pyarrow.compute as pc
from pyarrow.acero import (
    AggregateNodeOptions,
    Declaration,
    ProjectNodeOptions,
    TableSourceNodeOptions,
)


def query(t):
    return Declaration.from_sequence(
        [
            Declaration(
                "table_source", TableSourceNodeOptions(t("x").select(["id2", "id4", "v1", "v2"]))
            ),
            Declaration(
                "project",
                ProjectNodeOptions(
                    [
                        pc.field("id2"),
                        pc.field("id4"),
                        pc.field("v1"),
                        pc.field("v2"),
                        pc.field("v1") + pc.field("v2"),
                        pc.field("v1") - pc.field("v2"),
                    ],
                    ["id2", "id4", "v1_corr_x", "v1_corr_y", "v1_corr_sum", "v1_corr_difference"],
                ),
            ),
            Declaration(
                "aggregate",
                AggregateNodeOptions(
                    [
                        ("v1_corr_x", "hash_variance", None, "v1_corr_x"),
                        ("v1_corr_y", "hash_variance", None, "v1_corr_y"),
                        ("v1_corr_sum", "hash_variance", None, "v1_corr_sum"),
                        ("v1_corr_difference", "hash_variance", None, "v1_corr_difference"),
                    ],
                    keys=["id2", "id4"],
                ),
            ),
            Declaration(
                "project",
                ProjectNodeOptions(
                    [
                        pc.field("id2"),
                        pc.field("id4"),
                        pc.if_else(
                            pc.field("v1_corr_x") * pc.field("v1_corr_y") > 0,
                            pc.divide(
                                pc.field("v1_corr_sum") - pc.field("v1_corr_difference"),
                                pc.sqrt(pc.field("v1_corr_x") * pc.field("v1_corr_y")) * 4,
                            ),
                            float("nan"),
                        ),
                    ],
                    ["id2", "id4", "v1_corr"],
                ),
            ),
            Declaration(
                "project",
                ProjectNodeOptions(
                    [pc.field("id2"), pc.field("id4"), pc.field("v1_corr") * pc.field("v1_corr")],
                    ["id2", "id4", "r2"],
                ),
            ),
        ]
    ).to_table()
