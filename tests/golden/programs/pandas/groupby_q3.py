import pandas as pd


def query(t):
    x = t("x")
    x = x.groupby("id3", as_index=False, sort=False).agg(v1=("v1", "sum"), v3=("v3", "mean"))
    return x
