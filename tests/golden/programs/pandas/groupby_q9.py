import numpy as np
import pandas as pd


def query(t):
    x = t("x")
    groups = x.groupby(["id2", "id4"], sort=False)
    dx = x["v1"] - groups["v1"].transform("mean")
    dy = x["v2"] - groups["v2"].transform("mean")
    groups2 = x.assign(dxdy=dx * dy, dx2=dx**2, dy2=dy**2).groupby(["id2", "id4"], sort=False)
    x = pd.DataFrame(
        {"v1_corr": groups2["dxdy"].sum() / np.sqrt(groups2["dx2"].sum() * groups2["dy2"].sum())}
    ).reset_index()
    x = x.assign(r2=x["v1_corr"] * x["v1_corr"])[["id2", "id4", "r2"]]
    return x
