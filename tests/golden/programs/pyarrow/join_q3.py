from pyarrow.acero import Declaration, HashJoinNodeOptions, TableSourceNodeOptions


def query(t):
    x = Declaration("table_source", TableSourceNodeOptions(t("x")))
    medium = Declaration(
        "table_source",
        TableSourceNodeOptions(
            t("medium").rename_columns(
                {"id1": "medium_id1", "id4": "medium_id4", "id5": "medium_id5"}
            )
        ),
    )
    return Declaration(
        "hashjoin",
        HashJoinNodeOptions(
            "left outer",
            left_keys=["id2"],
            right_keys=["id2"],
            left_output=["id1", "id2", "id3", "id4", "id5", "id6", "v1"],
            right_output=["medium_id1", "medium_id4", "medium_id5", "v2"],
        ),
        inputs=[x, medium],
    ).to_table()
