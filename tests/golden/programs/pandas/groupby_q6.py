import pandas as pd


def query(t):
    x = t("x")
    x = x.groupby(["id4", "id5"], as_index=False, sort=False).agg(
        median_v3=("v3", "median"), sd_v3=("v3", "std")
    )
    return x
