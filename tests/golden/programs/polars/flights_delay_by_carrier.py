import polars as pl


def query(t):
    return (
        t("flights")
        .join(t("airlines"), on="carrier")
        .group_by("name")
        .agg(
            flights=pl.len(),
            mean_dep_delay=pl.col("dep_delay").mean(),
            mean_arr_delay=pl.col("arr_delay").mean(),
            arr_delay_sum=pl.when(pl.col("arr_delay") > 15)
            .then(pl.lit(1, dtype=pl.Int64))
            .otherwise(pl.lit(0, dtype=pl.Int64))
            .sum(),
            arr_delay_count=pl.col("arr_delay").count(),
        )
        .select(
            "name",
            "flights",
            "mean_dep_delay",
            "mean_arr_delay",
            share_late=pl.col("arr_delay_sum") * 1.0 / pl.col("arr_delay_count"),
        )
        .sort("mean_arr_delay", "name", descending=[True, False], nulls_last=True)
        .collect()
    )
