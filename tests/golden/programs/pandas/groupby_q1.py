import pandas as pd


def query(t):
    x = t("x")
    x = x.groupby("id1", as_index=False, sort=False).agg(v1=("v1", "sum"))
    return x
