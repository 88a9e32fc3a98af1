import polars as pl


def query(t):
    medium = t("medium").select("id2", "v2", medium_id1="id1", medium_id4="id4", medium_id5="id5")
    return (
        t("x")
        .join(medium, on="id2")
        .select(
            "id1",
            "id2",
            "id3",
            "id4",
            "id5",
            "id6",
            "v1",
            "medium_id1",
            "medium_id4",
            "medium_id5",
            "v2",
        )
        .collect()
    )
