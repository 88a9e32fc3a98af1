"""A number of rows -> taxi trips: one table of nineteen columns, as long tables of files have."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from harness.data.generators.base import ByBatch, RowsParams, columns, numbered, pick, sparse

FIRST = np.datetime64("2026-01-01T00:00:00")
DAYS = 365
ZONES = 265
PAYMENTS = (*["card"] * 14, *["cash"] * 5, "voucher")
VENDORS = ("north cabs", "south cabs", "by bicycle")

SCHEMAS = {
    "trips": columns("""
        trip_id int64, vendor string, started_at timestamp, ended_at timestamp, passengers int64?,
        distance float64, from_zone int64, to_zone int64, payment string, fare float64,
        surcharge float64, tax float64, tip float64?, toll float64, total float64,
        is_shared boolean, driver string, rating int64?, note string?
    """),
}


class TripsParams(RowsParams):
    """``rows`` counts the trips."""


class Trips(ByBatch[TripsParams]):
    """Trips of a year in the order in which they started; four of the columns have NULLs.

    Two of three trips have no tip, three of four no note, one of two no rating.
    """

    name = "trips"
    params = TripsParams
    tables = SCHEMAS

    def version(self) -> str:
        return "1"

    def rows(self, params: TripsParams) -> Mapping[str, int]:
        return {"trips": params.rows}

    def make(
        self,
        table: str,
        random: np.random.Generator,
        params: TripsParams,
        start: int,
        rows: int,
    ) -> list[pa.Array]:
        numbers = np.arange(start, start + rows)
        seconds = numbers * DAYS * 86_400 // params.rows
        lasted = random.integers(120, 5_400, rows)
        distance = np.round(random.gamma(2, 2.1, rows), 2)
        fare = np.round(3 + 2.2 * distance + lasted / 120, 2)
        surcharge = np.where(random.random(rows) < 0.3, 2.5, 0.5)
        toll = np.where(random.random(rows) < 0.05, 6.94, 0.0)
        tip = np.where(random.random(rows) < 1 / 3, np.round(fare * 0.15, 2), np.nan)
        total = np.round(fare + surcharge + 0.5 + toll + np.nan_to_num(tip), 2)
        stars = random.integers(1, 6, rows)
        note = numbered("gate ", random.integers(1, 2_000, rows))
        return [
            pa.array(numbers + 1),
            pick(random, VENDORS, rows),
            _moments(seconds),
            _moments(seconds + lasted),
            sparse(random, 0.02, pa.array(random.integers(1, 7, rows))),
            pa.array(distance),
            pa.array(random.integers(1, ZONES + 1, rows)),
            pa.array(random.integers(1, ZONES + 1, rows)),
            pick(random, PAYMENTS, rows),
            pa.array(fare),
            pa.array(surcharge),
            pa.array(np.full(rows, 0.5)),
            pa.array(tip, from_pandas=True),
            pa.array(toll),
            pa.array(total),
            pa.array(random.random(rows) < 0.08),
            numbered("driver ", random.integers(1, 2_001, rows)),
            sparse(random, 0.5, pa.array(stars)),
            sparse(random, 0.75, note),
        ]


def _moments(seconds: np.ndarray) -> pa.Array:
    return pa.array((FIRST + seconds).astype("datetime64[us]"))
