import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.acero import Declaration, FilterNodeOptions, TableSourceNodeOptions


def ranked_rows(table, keys, order):
    """The numbers of each group's rows in the order given, one list a group."""
    places = pc.sort_indices(table, sort_keys=order).cast("int64")
    if not keys:
        return pa.ListArray.from_arrays([0, len(places)], places)
    rows = table.select(keys).take(places).append_column("row number", places)
    groups = rows.group_by(keys, use_threads=False).aggregate([("row number", "list")])
    return groups["row number_list"].combine_chunks()


def query(t):
    x = Declaration.from_sequence(
        [
            Declaration("table_source", TableSourceNodeOptions(t("x").select(["id6", "v3"]))),
            Declaration("filter", FilterNodeOptions(pc.field("v3").is_valid())),
        ]
    ).to_table()
    rows = ranked_rows(x, ["id6"], [("v3", "descending")])
    return x.take(pc.list_slice(rows, 0, 2).flatten()).rename_columns(["id6", "largest2_v3"])
