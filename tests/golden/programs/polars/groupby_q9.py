import polars as pl


def query(t):
    return (
        t("x")
        .group_by("id2", "id4")
        .agg(v1_corr=pl.corr("v1", "v2"))
        .select("id2", "id4", r2=pl.col("v1_corr") * pl.col("v1_corr"))
        .collect()
    )
