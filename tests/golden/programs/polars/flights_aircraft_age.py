import polars as pl


def query(t):
    return (
        t("flights")
        .select("arr_delay", "tailnum", "distance")
        .join(t("planes"), on="tailnum", how="left")
        .select(
            "arr_delay",
            "distance",
            "seats",
            age=pl.when(pl.col("year").is_null())
            .then(pl.lit("unknown"))
            .when(pl.col("year") > 2008)
            .then(pl.lit("under 5"))
            .when(
                pl.col("year").is_between(
                    pl.lit(1999, dtype=pl.Int64), pl.lit(2008, dtype=pl.Int64)
                )
            )
            .then(pl.lit("5 to 14"))
            .otherwise(pl.lit("15 and over")),
        )
        .group_by("age")
        .agg(
            flights=pl.len(),
            mean_arr_delay=pl.col("arr_delay").mean(),
            mean_miles=pl.col("distance").mean(),
            seats_flown=pl.when(pl.col("seats").count() > 0).then(pl.col("seats").sum()),
        )
        .sort("age")
        .collect()
    )
