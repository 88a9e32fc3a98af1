import polars as pl


def query(t):
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
        .sort("updated_at", descending=True)
        .unique("order_id", keep="first")
        .select("order_id", "customer_id", "product_code", "ordered_on", "status", "updated_at")
        .sink_parquet("answer.parquet")
    )
