"""Columns of numbers, and texts -> compressed blocks that the page unpacks (static/blocks.js)."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

LEVEL = 6
Numbers = Mapping[str, npt.NDArray[Any]]
"""Columns of one dimension by name: float64, float32 or int32."""


@dataclass(frozen=True)
class Block:
    """A piece of the page's data as text for its HTML: compressed with zlib, then in Base64.

    The data are arrays of numbers one after the other, little endian, or JSON. ``columns`` has the
    name, the JavaScript type and the length of each array; it is empty for JSON.
    """

    data: str
    columns: tuple[tuple[str, str, int], ...] = ()


TYPES = {"float64": "Float64Array", "float32": "Float32Array", "int32": "Int32Array"}


def number_block(columns: Numbers) -> Block:
    """Returns arrays of numbers, given by name, as compressed Base64 text for the page's HTML."""
    listed = tuple((name, TYPES[str(each.dtype)], len(each)) for name, each in columns.items())
    raw = b"".join(each.astype(each.dtype.newbyteorder("<")).tobytes() for each in columns.values())
    return Block(_packed(raw), listed)


def text_block(value: Any) -> Block:
    """Returns a value, written as JSON, as compressed Base64 text for the page's HTML."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Block(_packed(text.encode()))


def numbers(values: Sequence[float | None]) -> npt.NDArray[np.float64]:
    """Returns the values as an array, with NaN for None."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _packed(raw: bytes) -> str:
    return base64.b64encode(zlib.compress(raw, LEVEL)).decode()
