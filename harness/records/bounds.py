"""The types of fields: every number has bounds; fields newer than the first release are marked.

With bounds, whatever is computed from a number stays finite, and fits into the arrays of the
report's page: a file that is valid can be drawn.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
SHORTEST_SECONDS = 1e-12
"""The least time: less is the rounding error of equal times, and makes ratios too large."""


class Entry(BaseModel):
    """An object of a results file. Fields that are not declared (pytest-benchmark's) are ignored.

    For a field with an invalid value, pydantic raises ValidationError, which names field and bound.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


def _without_rounding_errors(seconds: float) -> float:
    return seconds if seconds >= SHORTEST_SECONDS else 0.0


def _in_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


Moment = Annotated[AwareDatetime, Field(ge=EARLIEST, lt=LATEST), PlainSerializer(_in_utc)]
Seconds = Annotated[
    float, Field(ge=0, le=1e9, allow_inf_nan=False), AfterValidator(_without_rounding_errors)
]
Real = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
Small = Annotated[int, Field(ge=0, lt=2**31)]
"""A number that fits into 32 bits: cores, threads, turns."""
Count = Annotated[int, Field(ge=0, le=2**53)]
"""A number that a float holds exactly, as all numbers in a browser are floats: rows, bytes."""
Bytes = Count
PeakBytes = Annotated[int, Field(gt=0, le=2**53)]
LimitBytes = Annotated[int, Field(ge=0, lt=2**63)]
"""A limit in bytes, which may exceed any machine's memory in control groups."""
MOST_CLIENTS = 256
Clients = Annotated[int, Field(ge=1, le=MOST_CLIENTS)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]

ADDED_LATER = "added later"
Value = TypeVar("Value")
Later = Annotated[Value | None, ADDED_LATER]
"""A field that all new files have; it is None in files of releases without it."""
