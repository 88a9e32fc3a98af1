import polars as pl


def query(t):
    return (
        t("flights")
        .group_by("origin", day=pl.col("time_hour").dt.truncate("1d").cast(pl.Date))
        .agg(
            flights=pl.len(),
            mean_dep_delay=pl.col("dep_delay").mean(),
            dep_time_count=pl.col("dep_time").count(),
        )
        .select(
            "origin",
            "day",
            "flights",
            "mean_dep_delay",
            cancelled=pl.col("flights").cast(pl.Int64) - pl.col("dep_time_count").cast(pl.Int64),
        )
        .filter(pl.col("flights") >= 50)
        .with_columns(
            place=pl.col("mean_dep_delay")
            .rank("min", descending=True)
            .fill_null(pl.col("mean_dep_delay").count() + 1)
            .over("origin")
        )
        .filter(pl.col("place") <= 3)
        .select("origin", "place", "day", "flights", "mean_dep_delay", "cancelled")
        .sort("origin", "place", "day")
        .collect()
    )
