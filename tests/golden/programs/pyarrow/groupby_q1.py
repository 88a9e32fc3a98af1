from pyarrow.acero import AggregateNodeOptions, Declaration, TableSourceNodeOptions


def query(t):
    return Declaration.from_sequence(
        [
            Declaration("table_source", TableSourceNodeOptions(t("x").select(["id1", "v1"]))),
            Declaration(
                "aggregate", AggregateNodeOptions([("v1", "hash_sum", None, "v1")], keys=["id1"])
            ),
        ]
    ).to_table()
