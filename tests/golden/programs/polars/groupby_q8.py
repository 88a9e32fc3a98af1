import polars as pl


def query(t):
    return (
        t("x")
        .filter(pl.col("v3").is_not_null())
        .sort("v3", descending=True)
        .group_by("id6")
        .head(2)
        .select("id6", largest2_v3="v3")
        .collect()
    )
