"""Functions that Arrow lacks, as source text that a program includes if it calls them.

Each is a few vectorised calls. A list of row numbers per group, sorted or not, serves where other
engines have window functions: ``pc.scatter`` puts values back into their rows.
"""

from __future__ import annotations

READ_CSV = '''
def read_csv(paths, **options):
    """One table of one file or several."""
    paths = [paths] if isinstance(paths, str) else paths
    return pa.concat_tables([csv.read_csv(path, **options) for path in paths])
'''

MONTHS_LATER = '''
def months_later(moments, months):
    """Timestamps moved by months; the 31st becomes the last day of a shorter month."""
    month = pc.floor_temporal(moments, unit="month")
    within = month + timedelta(days=round(30.436875 * months) + 14)
    target = pc.floor_temporal(within, unit="month")
    after = pc.floor_temporal(target + timedelta(days=31), unit="month")
    time_of_day = moments - pc.floor_temporal(moments, unit="day")
    last_day = (after - timedelta(days=1)) + time_of_day
    moved = target + (moments - month)
    return pc.if_else(moved < last_day, moved, last_day)
'''

JOIN_ASOF = '''
def join_asof(left, right, on, right_on, **options):
    """Each left row with the nearest right row; Acero takes keys below 0 for great ones."""
    left, right = left.sort_by(on), right.sort_by(right_on)
    for key in (left[on], right[right_on]):
        if len(key) and pc.less(key[0], pa.scalar(0, key.type)).as_py():
            raise ValueError("Acero joins no numbers below 0, and no times before 1970")
    return left.join_asof(right, on, right_on=right_on, **options)
'''

QUANTILES = '''
def quantiles(lists, counts, q):
    """The exact quantile of each list; Arrow's own quantiles of groups are approximate."""
    lists = lists.combine_chunks()
    values = pa.table({"list": pc.list_parent_indices(lists), "value": pc.list_flatten(lists)})
    values = values.sort_by([("list", "ascending"), ("value", "ascending")])
    values = values["value"].cast("float64", safe=False)
    lengths = pc.list_value_length(lists).cast("int64")
    starts = pc.subtract(pc.cumulative_sum(lengths), lengths)
    places = pc.multiply(pc.max_element_wise(pc.subtract(counts, 1), 0), q)
    lower = values.take(pc.add(starts, pc.floor(places).cast("int64")))
    upper = values.take(pc.add(starts, pc.ceil(places).cast("int64")))
    share = pc.subtract(places, pc.floor(places))
    return pc.add(lower, pc.multiply(pc.subtract(upper, lower), share))
'''

RANKED_ROWS = '''
def ranked_rows(table, keys, order):
    """The numbers of each group's rows in the order given, one list a group."""
    places = pc.sort_indices(table, sort_keys=order).cast("int64")
    if not keys:
        return pa.ListArray.from_arrays([0, len(places)], places)
    rows = table.select(keys).take(places).append_column("", places)  # no column is called so
    groups = rows.group_by(keys, use_threads=False).aggregate([("", "list")])
    return groups.columns[-1].combine_chunks()
'''

ROW_NUMBERS = '''
def row_numbers(rows):
    """1, 2, 3, ... in each list of rows."""
    lengths = pc.list_value_length(rows).cast("int64")
    starts = pc.subtract(pc.cumulative_sum(lengths), lengths).take(pc.list_parent_indices(rows))
    return pc.add(pc.subtract(pa.arange(0, len(starts)), starts), 1)
'''

NEW_VALUES = '''
def new_values(rows, ordered):
    """Which rows differ from the one before them in their list; NULL equals NULL here."""
    numbers = row_numbers(rows)
    before = pc.subtract(pa.arange(0, len(numbers)), 1)
    before = pc.if_else(pc.greater(numbers, 1), before, None)
    new = pc.equal(numbers, 1)
    for column in ordered.columns:
        earlier = column.take(before)
        null_differs = pc.xor(column.is_valid(), earlier.is_valid())
        new = pc.or_(new, pc.coalesce(pc.not_equal(column, earlier), null_differs))
    return new
'''

RANKS = '''
def ranks(rows, ordered):
    """The row number of the first of equal rows, for each list of rows."""
    new = new_values(rows, ordered)
    return pc.fill_null_forward(pc.if_else(new, row_numbers(rows), None))
'''

DENSE_RANKS = '''
def dense_ranks(rows, ordered):
    """How many different rows there are up to each one, for each list of rows."""
    seen = pc.cumulative_sum(new_values(rows, ordered).cast("int64"))
    starts = pc.subtract(pa.arange(0, len(seen)), pc.subtract(row_numbers(rows), 1))
    return pc.add(pc.subtract(seen, seen.take(starts)), 1)
'''

SHIFTED = '''
def shifted(values, rows, by, default=None):
    """The value so many rows further on in the same list of rows, the default beyond its ends."""
    lists = pc.list_parent_indices(rows)
    places = pc.add(pa.arange(0, len(lists)), by)
    there = pc.and_(pc.greater_equal(places, 0), pc.less(places, len(lists)))
    places = pc.if_else(there, places, None)
    there = pc.coalesce(pc.equal(lists.take(places), lists), False)
    return pc.if_else(there, values.take(places), default)
'''

NTH = '''
def nth(values, rows, place):
    """The value at a place (1 is the first) of each list of rows, beside all of its rows."""
    lengths = pc.list_value_length(rows).cast("int64")
    starts = pc.subtract(pc.cumulative_sum(lengths), lengths)
    places = pc.if_else(pc.greater_equal(lengths, place), pc.add(starts, place - 1), None)
    return values.take(places.take(pc.list_parent_indices(rows)))
'''

LAST_PEERS = '''
def last_peers(values, rows, ordered):
    """The value at the last of the rows that tie with each, for each list of rows."""
    new = one_array(new_values(rows, ordered))
    ends = pa.concat_arrays([new[1:], pa.array([True])])[: len(new)]
    places = pc.if_else(ends, pa.arange(0, len(new)), None)
    return values.take(pc.fill_null_backward(places))
'''

CARRIED = '''
def carried(values, rows):
    """The last value up to each row that is not NULL, for each list of rows."""
    lists = pc.list_parent_indices(rows)
    known = pc.if_else(values.is_valid(), pa.arange(0, len(lists)), None)
    places = pc.fill_null_forward(known)
    return values.take(pc.if_else(pc.equal(lists.take(places), lists), places, None))
'''

SUM_OF = '''
def sum_of(a, b):
    """The sum of what is there of two columns."""
    return pc.coalesce(pc.add(a, b), a, b)
'''

RUNNING = '''
def running(values, rows, combined):
    """The values up to each row combined, for each list of rows: twice as many at every turn."""
    values, numbers, done = one_array(values), row_numbers(rows), 1
    longest = pc.max(numbers).as_py() or 0
    while done < longest:
        before = pa.concat_arrays([pa.nulls(done, values.type), values[:-done]])
        values = combined(values, pc.if_else(pc.greater(numbers, done), before, None))
        done *= 2
    return values
'''

FRAMED = '''
def framed(values, rows, first, last, combined):
    """The values from so many rows before to so many after each row combined."""
    result = shifted(values, rows, first)
    for by in range(first + 1, last + 1):
        result = combined(result, shifted(values, rows, by))
    return result
'''

RANGE_FRAMES = '''
def range_frames(keys, rows, first, last):
    """The frame of each row: from where to before where keys lie from first to last around its own.

    Each list of rows is in the order of its keys, NULLs last; these are alike.
    """
    keys, offsets = keys.to_numpy(), rows.offsets.to_numpy()
    starts, ends = np.empty((2, len(keys)), "int64")
    for begin, end in zip(offsets[:-1], offsets[1:]):
        part = keys[begin:end]
        starts[begin:end] = begin + np.searchsorted(part, part + first)
        ends[begin:end] = begin + np.searchsorted(part, part + last, "right")
    return starts, ends
'''

COUNTED_IN = '''
def counted_in(frames, values):
    """How many values of each frame are not NULL."""
    starts, ends = frames
    before = np.append(0, values.is_valid().to_numpy().cumsum())
    return pa.array(before[ends] - before[starts])
'''

COMBINED_IN = '''
def combined_in(frames, values, combined):
    """The values of each frame combined, of blocks of 1, 2, 4, 8, … values; NULL without any."""
    before = np.append(0, values.is_valid().to_numpy().cumsum())
    starts, ends = (before[places] for places in frames)
    blocks, sizes, size = values.drop_null().to_numpy(), ends - starts, 1
    result, begun = np.zeros(len(sizes), blocks.dtype), np.zeros(len(sizes), bool)
    while size <= sizes.max(initial=0):
        more = (sizes & size).nonzero()[0]
        block = blocks[starts[more]]
        result[more] = np.where(begun[more], combined(result[more], block), block)
        begun[more] = True
        starts[more] += size
        blocks, size = combined(blocks[:-size], blocks[size:]), 2 * size
    return pa.array(result, mask=sizes == 0)
'''

ONE_ARRAY = '''
def one_array(values):
    """The values in one piece."""
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
'''

PLACED = '''
def placed(values, rows):
    """Values in the order of the flattened lists of rows, back in the order of the table."""
    return pc.scatter(one_array(values), rows.flatten())
'''

OVER = '''
def over(table, keys, aggregate):
    """An aggregate of each row's whole group. NULL keys are a group, so this is no join."""
    numbered = table.append_column("", pa.arange(0, table.num_rows))  # no column is called so
    groups = numbered.group_by(keys).aggregate([("", "list"), aggregate])
    *_, rows, values = groups.columns
    rows = rows.combine_chunks()
    return placed(values.take(pc.list_parent_indices(rows)), rows)
'''

RECIPES = {
    "read_csv": READ_CSV,
    "months_later": MONTHS_LATER,
    "quantiles": QUANTILES,
    "ranked_rows": RANKED_ROWS,
    "row_numbers": ROW_NUMBERS,
    "new_values": NEW_VALUES,
    "ranks": RANKS,
    "dense_ranks": DENSE_RANKS,
    "join_asof": JOIN_ASOF,
    "shifted": SHIFTED,
    "nth": NTH,
    "last_peers": LAST_PEERS,
    "carried": CARRIED,
    "sum_of": SUM_OF,
    "running": RUNNING,
    "framed": FRAMED,
    "range_frames": RANGE_FRAMES,
    "counted_in": COUNTED_IN,
    "combined_in": COMBINED_IN,
    "one_array": ONE_ARRAY,
    "placed": PLACED,
    "over": OVER,
}
