import polars as pl


def query(t):
    return t("x").group_by("id1").agg(v1=pl.col("v1").sum()).collect()
