import polars as pl


def query(t):
    return (
        t("x")
        .group_by("id4", "id5")
        .agg(median_v3=pl.col("v3").median(), sd_v3=pl.col("v3").std())
        .collect()
    )
