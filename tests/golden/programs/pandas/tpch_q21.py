import pandas as pd


def query(t):
    supplier = pd.read_parquet(t("supplier"), columns=["s_suppkey", "s_name", "s_nationkey"])
    nation = pd.read_parquet(t("nation"), columns=["n_nationkey", "n_name"])
    nation = nation.loc[nation["n_name"] == "SAUDI ARABIA", ["n_nationkey"]]
    supplier = supplier.merge(nation, left_on="s_nationkey", right_on="n_nationkey")
    lineitem = pd.read_parquet(
        t("lineitem"),
        columns=["l_orderkey", "l_suppkey", "l_commitdate", "l_receiptdate"],
        to_pandas_kwargs={"date_as_object": False},
    )
    lineitem2 = lineitem.loc[
        lineitem["l_commitdate"] < lineitem["l_receiptdate"], ["l_orderkey", "l_suppkey"]
    ]
    supplier = supplier[["s_suppkey", "s_name"]].merge(
        lineitem2, left_on="s_suppkey", right_on="l_suppkey"
    )
    orders = pd.read_parquet(t("orders"), columns=["o_orderkey", "o_orderstatus"])
    orders = orders.loc[orders["o_orderstatus"] == "F", ["o_orderkey"]]
    supplier = supplier[["s_name", "l_orderkey", "l_suppkey"]].merge(
        orders, left_on="l_orderkey", right_on="o_orderkey"
    )
    lineitem3 = lineitem[lineitem["l_orderkey"].isin(supplier["l_orderkey"])]
    lineitem3 = lineitem3.groupby("l_orderkey", as_index=False, sort=False).agg(
        l_suppkey_min=("l_suppkey", "min"), l_suppkey_max=("l_suppkey", "max")
    )
    supplier2 = supplier[["s_name", "l_orderkey", "l_suppkey"]].merge(lineitem3, on="l_orderkey")
    supplier2 = supplier2.loc[
        (supplier2["l_suppkey_min"] != supplier2["l_suppkey"])
        | (supplier2["l_suppkey_max"] != supplier2["l_suppkey"]),
        ["s_name", "l_orderkey", "l_suppkey"],
    ]
    lineitem4 = lineitem[lineitem["l_orderkey"].isin(supplier2["l_orderkey"])]
    lineitem4 = lineitem4.loc[
        lineitem4["l_commitdate"] < lineitem4["l_receiptdate"], ["l_orderkey", "l_suppkey"]
    ]
    lineitem4 = lineitem4.groupby("l_orderkey", as_index=False, sort=False).agg(
        l_suppkey_min_2=("l_suppkey", "min"), l_suppkey_max_2=("l_suppkey", "max")
    )
    supplier3 = supplier2.merge(
        lineitem4.astype({"l_suppkey_min_2": "Int64", "l_suppkey_max_2": "Int64"}),
        on="l_orderkey",
        how="left",
    )
    supplier3 = supplier3.loc[
        supplier3["l_suppkey_min_2"].isna()
        | supplier3["l_suppkey"].isna()
        | (supplier3["l_suppkey_min_2"] == supplier3["l_suppkey"])
        & (supplier3["l_suppkey_max_2"] == supplier3["l_suppkey"]),
        ["s_name"],
    ]
    supplier3 = supplier3.groupby("s_name", as_index=False, sort=False).agg(
        numwait=("s_name", "size")
    )
    supplier3 = supplier3.sort_values(["numwait", "s_name"], ascending=[False, True])
    supplier3 = supplier3.head(100)
    return supplier3
