import pandas as pd


def query(t):
    x = t("x")
    medium = t("medium")[["id1", "id2", "id4", "id5", "v2"]].rename(
        columns={"id1": "medium_id1", "id4": "medium_id4", "id5": "medium_id5"}
    )
    x = x.merge(medium, on="id2")
    return x
