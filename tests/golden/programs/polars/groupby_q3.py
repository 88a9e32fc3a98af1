import polars as pl


def query(t):
    return t("x").group_by("id3").agg(v1=pl.col("v1").sum(), v3=pl.col("v3").mean()).collect()
