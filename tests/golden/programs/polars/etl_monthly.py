import polars as pl


def query(t):
    products = pl.scan_csv(
        t("products"),
        schema={"product_code": pl.String, "category": pl.String, "list_price": pl.Float64},
        null_values=[""],
    )
    return (
        pl.scan_csv(
            t("orders"),
            schema={
                "order_id": pl.Int64,
                "customer_id": pl.Int64,
                "product_code": pl.String,
                "ordered_on": pl.String,
                "quantity": pl.String,
                "unit_price": pl.String,
                "discount": pl.Float64,
                "status": pl.String,
                "channel": pl.String,
                "updated_at": pl.Datetime("us"),
            },
            null_values=[""],
        )
        .with_columns(
            place=pl.int_range(1, pl.len() + 1).over(
                "order_id", order_by="updated_at", descending=True
            )
        )
        .select("product_code", "ordered_on", "quantity", "unit_price", "status", "place")
        .filter(
            pl.col("status")
            .str.strip_chars(" ")
            .str.to_lowercase()
            .is_in(["shipped", "delivered"]),
            pl.col("place") == 1,
        )
        .select(
            ordered_on=pl.col("ordered_on")
            .str.strip_chars(" ")
            .str.replace_all("/", "-", literal=True)
            .str.to_date("%Y-%m-%d"),
            product_code=pl.col("product_code").str.strip_chars(" ").str.to_uppercase(),
            quantity=pl.when(pl.col("quantity") == "n/a")
            .then(pl.lit(None))
            .otherwise(pl.col("quantity"))
            .cast(pl.Int64),
            unit_price=pl.col("unit_price").str.replace_all("$", "", literal=True).cast(pl.Float64),
        )
        .filter(pl.col("ordered_on").is_not_null())
        .join(products, on="product_code")
        .group_by(
            "category",
            month=pl.col("ordered_on").cast(pl.Datetime("us")).dt.truncate("1mo").cast(pl.Date),
        )
        .agg(
            orders=pl.len(),
            items=pl.when(pl.col("quantity").count() > 0).then(pl.col("quantity").sum()),
            turnover=(
                pl.coalesce(pl.col("quantity"), pl.lit(1, dtype=pl.Int64))
                * pl.coalesce(pl.col("unit_price"), pl.col("list_price"))
            ).sum(),
        )
        .select("month", "category", "orders", "items", "turnover")
        .sink_parquet("answer.parquet")
    )
