import pandas as pd


def query(t):
    flights = t("flights")
    airlines = t("airlines")
    flights = flights[["dep_delay", "arr_delay", "carrier"]].merge(airlines, on="carrier")
    flights = (
        flights.assign(arr_delay_sum=((flights["arr_delay"] > 15).fillna(False)).astype("int64"))
        .groupby("name", as_index=False, sort=False)
        .agg(
            flights=("name", "size"),
            mean_dep_delay=("dep_delay", "mean"),
            mean_arr_delay=("arr_delay", "mean"),
            arr_delay_sum=("arr_delay_sum", "sum"),
            arr_delay_count=("arr_delay", "count"),
        )
    )
    flights = flights.assign(
        share_late=flights["arr_delay_sum"] * 1.0 / flights["arr_delay_count"]
    )[["name", "flights", "mean_dep_delay", "mean_arr_delay", "share_late"]]
    flights = flights.sort_values(["mean_arr_delay", "name"], ascending=[False, True])
    return flights
