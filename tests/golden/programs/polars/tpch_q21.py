import polars as pl


def query(t):
    nation = pl.scan_parquet(t("nation")).filter(pl.col("n_name") == "SAUDI ARABIA")
    lineitem = pl.scan_parquet(t("lineitem"))
    lineitem2 = lineitem.filter(pl.col("l_commitdate") < pl.col("l_receiptdate"))
    orders = pl.scan_parquet(t("orders")).filter(pl.col("o_orderstatus") == "F")
    supplier = (
        pl.scan_parquet(t("supplier"))
        .join(nation, left_on="s_nationkey", right_on="n_nationkey")
        .join(lineitem2, left_on="s_suppkey", right_on="l_suppkey", coalesce=False)
        .join(orders, left_on="l_orderkey", right_on="o_orderkey")
    )
    lineitem3 = (
        lineitem.join(supplier, on="l_orderkey", how="semi")
        .group_by("l_orderkey")
        .agg(l_suppkey_min=pl.col("l_suppkey").min(), l_suppkey_max=pl.col("l_suppkey").max())
    )
    supplier2 = supplier.join(lineitem3, on="l_orderkey").filter(
        (pl.col("l_suppkey_min") != pl.col("l_suppkey"))
        | (pl.col("l_suppkey_max") != pl.col("l_suppkey"))
    )
    lineitem4 = (
        lineitem.join(supplier2, on="l_orderkey", how="semi")
        .filter(pl.col("l_commitdate") < pl.col("l_receiptdate"))
        .group_by("l_orderkey")
        .agg(l_suppkey_min_2=pl.col("l_suppkey").min(), l_suppkey_max_2=pl.col("l_suppkey").max())
    )
    return (
        supplier2.join(lineitem4, on="l_orderkey", how="left")
        .filter(
            pl.col("l_suppkey_min_2").is_null()
            | pl.col("l_suppkey").is_null()
            | (pl.col("l_suppkey_min_2") == pl.col("l_suppkey"))
            & (pl.col("l_suppkey_max_2") == pl.col("l_suppkey"))
        )
        .group_by("s_name")
        .agg(numwait=pl.len())
        .sort("numwait", "s_name", descending=[True, False])
        .head(100)
        .collect()
    )
