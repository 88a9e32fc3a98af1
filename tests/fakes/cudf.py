"""A stand-in for cuDF on machines without a GPU: pandas, with cuDF's documented differences.

Every column has a mask (pandas' nullable dtypes); comparisons with NULL are NULL, those of dates
False, and ``&`` and ``|`` with a NULL side are NULL; ``mask`` replaces where its condition is NULL;
a sum of nothing is NULL. As RAPIDS 26.10 did on an H200: integers that a merge leaves without a
value become floats, unless they were cast to ``Int64``; moving frames are of floats; rows are not
counted by texts; numbers that cannot be parsed are NaN; ``where`` takes no ``pd.Timestamp``. As it
did on an H100: NumPy's functions of a number and a column exchange the two; times are rounded to
one unit, not to 15 minutes.
What is not here, cuDF and pandas share. Installed as ``sys.modules["cudf"]``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.core.strings.accessor import StringMethods

str_ = str
DateOffset = pd.DateOffset
NA = pd.NA
NULLABLE = {"int64": "Int64", "float64": "Float64", "bool": "boolean"}
ARROW = {
    pa.int64(): pd.Int64Dtype(),
    pa.float64(): pd.Float64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


class Texts(StringMethods):
    """The ``str`` accessor of a column: pandas', with the methods that only cuDF has."""

    def len(self) -> Any:
        return super().len().astype("int64")

    def byte_count(self) -> Any:
        return self.encode("utf-8").str.len()

    def find(self, sub: str) -> Any:
        return super().find(sub).astype("int64")

    def like(self, pattern: str) -> Any:
        each = {"%": ".*", "_": "."}
        regex = "".join(each.get(c, re.escape(c)) for c in pattern)
        return self.contains(rf"(?s)\A{regex}\Z")

    def split_part(self, delimiter: str, index: int) -> Any:
        return self._data.map(lambda text: _part(text, delimiter, index)).astype("str")

    def istimestamp(self, form: str) -> Any:
        return pd.to_datetime(self._data, format=form, errors="coerce").notna()

    def replace_with_backrefs(self, pattern: str, new: str) -> Any:
        return self.replace(pattern, re.sub(r"\$\{(\d+)\}", r"\\g<\1>", new), regex=True)


def _part(text: Any, delimiter: str, index: int) -> Any:
    parts = [] if pd.isna(text) else text.split(delimiter)
    return parts[index] if index < len(parts) else None


class Dates:
    """The ``dt`` accessor of a column: pandas', with results in this module's classes."""

    def __init__(self, accessor: Any) -> None:
        self._accessor = accessor

    def floor(self, frequency: str) -> Any:
        if not frequency.isalpha():
            raise ValueError(f"Invalid resolution: {frequency!r}")
        return nullable(self._accessor.floor(frequency))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._accessor, {"weekday": "day_of_week"}.get(name, name))
        if callable(found):
            return lambda *args: nullable(found(*args))
        return nullable(found).astype("int64")


class Groups:
    """A grouped frame or column: pandas', but a sum of NULLs alone is NULL.

    Its results are in this module's classes.
    """

    def __init__(self, groups: Any) -> None:
        self._groups = groups

    def __getitem__(self, key: Any) -> Groups:
        return Groups(self._groups[key])

    def agg(self, *functions: Any, **named: Any) -> Any:
        if functions:
            return nullable(self._groups.agg(*functions))
        for column, function in named.values():
            if function == "size" and str(self._groups.obj[column].dtype) == "str":
                raise TypeError("str type does not support size operations")
        calls = {name: (column, _call(function)) for name, (column, function) in named.items()}
        return nullable(self._groups.agg(**calls))

    def transform(self, function: Any) -> Any:
        return nullable(self._groups.transform(_call(function)))

    def rolling(self, width: int, min_periods: int, center: bool = False) -> Any:
        moving = self._groups.rolling(width, min_periods=min_periods, center=center)
        return Rolling(moving)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._groups, name)
        if not callable(method):
            return method
        return lambda *args, **kwargs: nullable(method(*args, **kwargs))


def _call(function: Any) -> Any:
    return (lambda values: values.sum(min_count=1)) if function == "sum" else function


class Rolling:
    """A moving window over a column: all that it computes are floats, as in cuDF."""

    def __init__(self, rolling: Any) -> None:
        self._rolling = rolling

    def __getattr__(self, name: str_) -> Any:
        return lambda: nullable(getattr(self._rolling, name)()).astype("float64")


def _nan_of_nothing(value: Any) -> Any:
    return math.nan if value is pd.NA else value


class SeriesLike(pd.Series):
    @property
    def str(self) -> Any:
        return Texts(self)

    @property
    def _constructor(self) -> Callable[..., Any]:
        return SeriesLike

    @property
    def _constructor_expanddim(self) -> Callable[..., Any]:
        return FrameLike

    @property
    def dt(self) -> Any:
        return Dates(pd.Series(self).dt)

    def __array_ufunc__(self, function: Any, method: str_, *inputs: Any, **options: Any) -> Any:
        if len(inputs) == 2 and not isinstance(inputs[0], pd.Series):
            inputs = inputs[::-1]
        return super().__array_ufunc__(function, method, *inputs, **options)

    def max(self, *arguments: Any, **options: Any) -> Any:
        return _nan_of_nothing(super().max(*arguments, **options))

    def min(self, *arguments: Any, **options: Any) -> Any:
        return _nan_of_nothing(super().min(*arguments, **options))

    def _cmp_method(self, other: Any, op: Any) -> Any:
        compared = super()._cmp_method(other, op)
        return nullable(compared) if self.dtype.kind == "M" else _known(compared, self, other)

    def _logical_method(self, other: Any, op: Any) -> Any:
        return _known(super()._logical_method(other, op), self, other)

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        if dtype == "timedelta64[s]":
            return SeriesLike(pd.to_timedelta(pd.Series(self).astype("float64"), unit="s"))
        if dtype == "int64" and self.dtype.kind == "M":
            return nullable(pd.Series(self).astype(dtype).where(self.notna()).astype("Int64"))
        if dtype == "datetime64[us]" and self.dtype.kind == "i":
            return nullable(pd.to_datetime(pd.Series(self), unit="us").astype(dtype))
        kind = NULLABLE.get(dtype, dtype) if isinstance(dtype, str_) else dtype
        return super().astype(kind, *args, **kwargs)

    def nans_to_nulls(self) -> Any:
        if _kind(self) != "float64":
            return self
        return nullable(pd.Series(self.astype(object)).replace({np.nan: None}).astype("Float64"))

    def where(self, cond: Any, other: Any = None) -> Any:
        if isinstance(other, pd.Timestamp):
            raise TypeError("Expected bytes, got a 'Timestamp' object")
        if isinstance(other, float) and math.isnan(other) and _kind(self) != "float64":
            raise TypeError("cudf does not support mixed types")
        other = pd.NA if other is None and self.dtype.kind != "M" else other
        values = self.astype("bool") if self.dtype.kind == "b" else self
        return super(SeriesLike, values).where(cond.astype("boolean").fillna(False), other)

    def mask(self, cond: Any, other: Any = None) -> Any:
        return self.where(~cond, other)

    def round(self, decimals: int = 0, how: str_ = "half_even") -> Any:
        if how == "half_even":
            return super().round(decimals)
        scaled = self.astype("float64") * 10.0**decimals
        half = np.copysign(0.5, pd.Series(scaled))
        return np.trunc(scaled + half) / 10.0**decimals

    def first(self, skipna: bool) -> Any:
        assert not skipna
        return self.iloc[0]

    def last(self, skipna: bool) -> Any:
        assert not skipna
        return self.iloc[-1]

    def groupby(self, *args: Any, **kwargs: Any) -> Any:
        return Groups(super().groupby(*args, **kwargs))

    def rolling(self, width: int, min_periods: int, center: bool = False) -> Any:
        moving = super().rolling(width, min_periods=min_periods, center=center)
        return Rolling(moving)


class FrameLike(pd.DataFrame):
    @property
    def _constructor(self) -> Callable[..., Any]:
        return FrameLike

    @property
    def _constructor_sliced(self) -> Callable[..., Any]:
        return SeriesLike

    def groupby(self, *args: Any, **kwargs: Any) -> Any:
        return Groups(super().groupby(*args, **kwargs))

    def merge(self, right: Any, how: str = "inner", **kwargs: Any) -> Any:
        if how in ("left", "outer"):
            merged = nullable(super().merge(right, how=how, **{**kwargs, "indicator": True}))
            alone = set(merged.pop("_merge"))
            merged = _without_integers(merged, right) if "left_only" in alone else merged
            return _without_integers(merged, self) if "right_only" in alone else merged
        if how not in ("leftsemi", "leftanti"):
            return nullable(super().merge(right, how=how, **kwargs))
        ours = kwargs.get("on") or kwargs["left_on"]
        theirs = kwargs.get("on") or kwargs["right_on"]
        known = set(map(tuple, right[theirs].astype(object).fillna("NULL").to_numpy()))
        keys = map(tuple, self[ours].astype(object).fillna("NULL").to_numpy())
        found = np.array([key in known for key in keys], dtype=bool)
        return self[found if how == "leftsemi" else ~found]

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        cast = super().astype(dtype, *args, **kwargs)
        if isinstance(dtype, dict):
            masked = [name for name, kind in dtype.items() if kind == "Int64"]
            cast.attrs["masked"] = [*masked, *self.attrs.get("masked", [])]
        return cast

    def sort_values(self, by: Any, **options: Any) -> Any:
        return super().sort_values(by, **{**options, "kind": "stable"})

    def to_arrow(self, preserve_index: bool) -> pa.Table:
        return pa.Table.from_pandas(pd.DataFrame(self), preserve_index=preserve_index)


def _without_integers(merged: Any, side: Any) -> Any:
    """Returns a merged frame in which the integers of ``side`` are floats if the merge left NULLs.

    Columns that ``side`` had cast to ``Int64`` stay integers.
    """
    whole = [c for c in side if c in merged and _kind(merged[c]) == "int64"]
    lost = [c for c in whole if merged[c].isna().any() and c not in side.attrs.get("masked", ())]
    return merged.astype(dict.fromkeys(lost, "Float64")) if lost else merged


def _known(result: Any, left: Any, right: Any) -> Any:
    """Returns the Boolean column ``result``, NULL wherever ``left`` or ``right`` is NULL."""
    missing = np.asarray(left.isna(), dtype=bool) | np.asarray(pd.isna(right), dtype=bool)
    values = pd.array(pd.Series(result).astype("boolean"))
    values[missing] = pd.NA
    return SeriesLike(values, index=result.index, name=result.name)


def nullable(value: Any) -> Any:
    """Returns a frame or column of pandas in this module's class and pandas' nullable types.

    Anything else is returned as it is.
    """
    if isinstance(value, pd.DataFrame):
        kinds = {c: NULLABLE[_kind(value[c])] for c in value if _kind(value[c]) in NULLABLE}
        return FrameLike(value.astype(kinds))
    if isinstance(value, pd.Series):
        kind = _kind(value)
        return SeriesLike(pd.Series(value).astype(NULLABLE[kind]) if kind in NULLABLE else value)
    return value


def _kind(series: Any) -> str:
    kinds = {"int32": "int64", "uint32": "int64", "Int64": "int64", "Float64": "float64"}
    return kinds.get(str(series.dtype), str(series.dtype))


def Series(
    data: Any = None,
    index: Any = None,
    dtype: str | None = None,
    nan_as_null: bool | None = None,
) -> Any:
    """Makes a column; raises ValueError for what cuDF refuses or makes floats of.

    That is NaN with a type, unless ``nan_as_null``, and an index without data.
    """
    if data is None and index is not None:
        raise ValueError("cuDF makes floats of None")
    missing = isinstance(data, float) and math.isnan(data)
    if missing and not nan_as_null and dtype in NULLABLE:
        raise ValueError("cannot make an integer of NaN")
    return nullable(pd.Series(data, index=index, dtype=NULLABLE.get(dtype or "", dtype)))


def DataFrame(data: Any, index: Any = None) -> Any:
    return nullable(pd.DataFrame(data, index=index))


def concat(frames: Sequence[Any], ignore_index: bool = False) -> Any:
    return nullable(pd.concat(frames, ignore_index=ignore_index))


def to_datetime(values: Any, format: str | None = None) -> Any:
    if isinstance(values, pd.DataFrame):
        values = pd.DataFrame(values).astype("float64")
    return nullable(pd.to_datetime(values, format=format))


def to_numeric(values: Any, errors: str = "raise") -> Any:
    return nullable(pd.to_numeric(values, errors=errors))


def read_parquet(files: Any, columns: Sequence[str] | None = None) -> Any:
    return from_arrow(pq.read_table(files, columns=columns))


def read_csv(file: str, dtype: dict[str, str], **options: Any) -> Any:
    masked = {name: NULLABLE.get(kind, kind) for name, kind in dtype.items()}
    return nullable(pd.read_csv(file, dtype=masked, **options))


def from_arrow(table: pa.Table) -> Any:
    return FrameLike(table.to_pandas(types_mapper=ARROW.get, date_as_object=False))


DataFrame.from_arrow = from_arrow  # type: ignore[attr-defined]
