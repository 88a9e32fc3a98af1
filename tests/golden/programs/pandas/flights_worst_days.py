import pandas as pd


def query(t):
    flights = t("flights")
    flights = (
        flights.assign(day=flights["time_hour"].dt.floor("D").dt.normalize())
        .groupby(["origin", "day"], as_index=False, sort=False)
        .agg(
            flights=("origin", "size"),
            mean_dep_delay=("dep_delay", "mean"),
            dep_time_count=("dep_time", "count"),
        )
    )
    flights = flights.assign(cancelled=flights["flights"] - flights["dep_time_count"])[
        ["origin", "day", "flights", "mean_dep_delay", "cancelled"]
    ]
    flights = flights[flights["flights"] >= 50]
    flights = flights.assign(
        place=flights.groupby("origin", sort=False)["mean_dep_delay"]
        .rank(method="min", ascending=False, na_option="bottom")
        .astype("int64")
    )
    flights = flights[flights["place"] <= 3]
    flights = flights[["origin", "place", "day", "flights", "mean_dep_delay", "cancelled"]]
    flights = flights.sort_values(["origin", "place", "day"])
    return flights
