import pandas as pd


def query(t):
    x = t("x")
    x = x.loc[x["v3"].notna(), ["id6", "v3"]]
    x = x.sort_values("v3", ascending=False).groupby("id6", sort=False).head(2)
    x = x.rename(columns={"v3": "largest2_v3"})
    return x
