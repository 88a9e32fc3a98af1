import pandas as pd


def query(t):
    orders = pd.read_csv(
        t("orders"),
        usecols=[
            "order_id",
            "product_code",
            "ordered_on",
            "quantity",
            "unit_price",
            "status",
            "updated_at",
        ],
        dtype={
            "order_id": "int64",
            "product_code": "str",
            "ordered_on": "str",
            "quantity": "str",
            "unit_price": "str",
            "status": "str",
        },
        parse_dates=["updated_at"],
        keep_default_na=False,
        na_values=[""],
        engine="pyarrow",
    )
    orders = orders.assign(
        place=orders.sort_values("updated_at", ascending=False)
        .groupby("order_id", sort=False)
        .cumcount()
        + 1
    )
    orders = orders[["product_code", "ordered_on", "quantity", "unit_price", "status", "place"]]
    orders = orders.loc[
        orders["status"].str.strip(" ").str.lower().isin(["shipped", "delivered"])
        & (orders["place"] == 1),
        ["product_code", "ordered_on", "quantity", "unit_price"],
    ]
    orders = pd.DataFrame(
        {
            "ordered_on": pd.to_datetime(
                orders["ordered_on"].str.strip(" ").str.replace("/", "-", regex=False),
                format="%Y-%m-%d",
            ),
            "product_code": orders["product_code"].str.strip(" ").str.upper(),
            "quantity": orders["quantity"]
            .mask((orders["quantity"] == "n/a").fillna(False))
            .astype("Int64"),
            "unit_price": orders["unit_price"].str.replace("$", "", regex=False).astype("float64"),
        }
    )
    orders = orders[orders["ordered_on"].notna()]
    products = pd.read_csv(
        t("products"),
        usecols=["product_code", "category", "list_price"],
        dtype={"product_code": "str", "category": "str", "list_price": "float64"},
        keep_default_na=False,
        na_values=[""],
        engine="pyarrow",
    )
    orders = orders.merge(products, on="product_code")
    groups = orders.assign(
        month=orders["ordered_on"].dt.to_period("M").dt.start_time.dt.normalize(),
        turnover=orders["quantity"].fillna(1) * orders["unit_price"].fillna(orders["list_price"]),
    ).groupby(["month", "category"], sort=False)
    orders = pd.DataFrame(
        {
            "orders": groups["month"].size(),
            "items": groups["quantity"].sum(min_count=1),
            "turnover": groups["turnover"].sum(min_count=1),
        }
    ).reset_index()
    orders.to_parquet("answer.parquet", index=False)
