import numpy as np
import pandas as pd


def query(t):
    flights = t("flights")
    planes = t("planes")
    flights = flights[["arr_delay", "tailnum", "distance"]].merge(
        planes[["tailnum", "year", "seats"]].astype({"seats": "Int64"}), on="tailnum", how="left"
    )
    flights = flights.assign(
        age=np.select(
            [
                flights["year"].isna(),
                (flights["year"] > 2008).fillna(False),
                (flights["year"].between(1999, 2008)).fillna(False),
            ],
            ["unknown", "under 5", "5 to 14"],
            default="15 and over",
        )
    )[["arr_delay", "distance", "seats", "age"]]
    groups = flights.groupby("age", sort=False)
    flights = pd.DataFrame(
        {
            "flights": groups["age"].size(),
            "mean_arr_delay": groups["arr_delay"].mean(),
            "mean_miles": groups["distance"].mean(),
            "seats_flown": groups["seats"].sum(min_count=1),
        }
    ).reset_index()
    flights = flights.sort_values("age")
    return flights
