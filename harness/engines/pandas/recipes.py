"""What pandas lacks, as source text that a program includes if it calls it."""

from __future__ import annotations

RANGE_FRAMES = '''
class RangeFrames(pd.api.indexers.BaseIndexer):
    """Frames of rows, for `rolling`: each from a start to before an end."""

    def get_window_bounds(
        self, num_values=0, min_periods=None, center=None, closed=None, step=None
    ):
        return self.starts, self.ends


def range_frames(keys, sizes, first, last):
    """Frames of the rows whose keys lie from first to last around each row's own.

    Rows are sorted by partition, which have these sizes, and by key, NULLs last; these are alike.
    """
    starts, ends = np.empty((2, len(keys)), "int64")
    begin = 0
    for size in sizes:
        part = keys[begin : begin + size]
        starts[begin : begin + size] = begin + np.searchsorted(part, part + first)
        ends[begin : begin + size] = begin + np.searchsorted(part, part + last, "right")
        begin += size
    return RangeFrames(starts=starts, ends=ends)
'''

SUMS_IN = '''
def sums_in(frames, values):
    """The sum of each frame's integers, which floats may not hold; NULL where it has none."""
    known = np.append(0, values.notna().cumsum())
    totals = np.append(0, values.fillna(0).cumsum()).astype("int64")
    sums = pd.Series(totals[frames.ends] - totals[frames.starts], values.index)
    return sums.astype("Int64").where(known[frames.ends] > known[frames.starts])
'''

RECIPES = {"range_frames": RANGE_FRAMES, "sums_in": SUMS_IN}
