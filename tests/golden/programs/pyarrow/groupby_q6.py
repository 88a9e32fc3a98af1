import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.acero import AggregateNodeOptions, Declaration, TableSourceNodeOptions


def quantiles(lists, counts, q):
    """The exact quantile of each list; Arrow's own quantiles of groups are approximate."""
    lists = lists.combine_chunks()
    values = pa.table({"list": pc.list_parent_indices(lists), "value": pc.list_flatten(lists)})
    values = values.sort_by([("list", "ascending"), ("value", "ascending")])
    values = values["value"].cast("float64")
    lengths = pc.list_value_length(lists).cast("int64")
    starts = pc.subtract(pc.cumulative_sum(lengths), lengths)
    places = pc.multiply(pc.max_element_wise(pc.subtract(counts, 1), 0), q)
    lower = values.take(pc.add(starts, pc.floor(places).cast("int64")))
    upper = values.take(pc.add(starts, pc.ceil(places).cast("int64")))
    share = pc.subtract(places, pc.floor(places))
    return pc.add(lower, pc.multiply(pc.subtract(upper, lower), share))


def query(t):
    x = Declaration.from_sequence(
        [
            Declaration(
                "table_source", TableSourceNodeOptions(t("x").select(["id4", "id5", "v3"]))
            ),
            Declaration(
                "aggregate",
                AggregateNodeOptions(
                    [
                        ("v3", "hash_list", None, "median_v3_list"),
                        ("v3", "hash_count", None, "median_v3_count"),
                        ("v3", "hash_stddev", pc.VarianceOptions(ddof=1), "sd_v3"),
                    ],
                    keys=["id4", "id5"],
                ),
            ),
        ]
    ).to_table()
    x = x.append_column("median_v3", quantiles(x["median_v3_list"], x["median_v3_count"], 0.5))
    return x.select(["id4", "id5", "median_v3", "sd_v3"])
