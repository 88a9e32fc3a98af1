from pyarrow.acero import AggregateNodeOptions, Declaration, TableSourceNodeOptions


def query(t):
    return Declaration.from_sequence(
        [
            Declaration("table_source", TableSourceNodeOptions(t("x").select(["id3", "v1", "v3"]))),
            Declaration(
                "aggregate",
                AggregateNodeOptions(
                    [("v1", "hash_sum", None, "v1"), ("v3", "hash_mean", None, "v3")], keys=["id3"]
                ),
            ),
        ]
    ).to_table()
