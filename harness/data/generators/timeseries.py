"""A number of rows -> sensors' readings with gaps, and events."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from harness.data.generators.base import (
    ByBatch,
    Integers,
    RowsParams,
    columns,
    numbered,
    pick,
    sparse,
)

FIRST = np.datetime64("2026-01-01T00:00:00")
KINDS = ("temperature", "humidity", "pressure", "power")
EVENTS = (*["door"] * 12, *["restart"] * 5, *["service"] * 2, "alarm")
READINGS = 1_000
"""The readings of a sensor, about, if there are fewer than 10,000 sensors."""


SCHEMAS = {
    "readings": columns("""
        sensor_id int64, read_at timestamp, value float64?, counter int64
    """),
    "sensors": columns("sensor_id int64, name string, kind string, site string"),
    "events": columns("event_id int64, sensor_id int64, happened_at timestamp, event string"),
    "hours": columns("hour timestamp"),
}


class TimeSeriesParams(RowsParams):
    """``rows`` counts the readings."""

    @property
    def sensors(self) -> int:
        return max(4, min(10_000, self.rows // READINGS))

    @property
    def minutes(self) -> int:
        """The length of the longest series, gaps included."""
        return 3 * (self.rows // self.sensors + 1) + 120


class TimeSeries(ByBatch[TimeSeriesParams]):
    """Readings of sensors, one a minute of each; events at any second; and all full hours.

    After 60 to 159 readings a sensor is silent for half an hour to two hours. Two of a hundred
    readings have no value. ``counter`` never falls. Rows are about in time order.
    """

    name = "timeseries"
    params = TimeSeriesParams
    tables = SCHEMAS

    def version(self) -> str:
        return "1"

    def rows(self, params: TimeSeriesParams) -> Mapping[str, int]:
        return {
            "readings": params.rows,
            "sensors": params.sensors,
            "events": params.rows // 20,
            "hours": params.minutes // 60,
        }

    def make(
        self,
        table: str,
        random: np.random.Generator,
        params: TimeSeriesParams,
        start: int,
        rows: int,
    ) -> list[pa.Array]:
        numbers = np.arange(start, start + rows)
        if table == "readings":
            return _readings(random, numbers % params.sensors, numbers // params.sensors)
        if table == "sensors":
            site = numbered("site ", numbers % 20 + 1)
            return [pa.array(numbers), numbered("s", numbers, 5), pick(random, KINDS, rows), site]
        if table == "events":
            return _events(random, params, numbers)
        return [_moments(numbers * 3_600)]


def _moments(seconds: Integers) -> pa.Array:
    return pa.array((FIRST + seconds).astype("datetime64[us]"))


def _readings(random: np.random.Generator, sensor: Integers, reading: Integers) -> list[pa.Array]:
    """Returns the columns of readings; the arguments are the numbers of their sensors and readings.

    A sensor is silent after a fixed number of readings, which is its own.
    """
    silences = reading // (60 + sensor * 37 % 100)
    minute = reading + silences * (30 + sensor * 53 % 91)
    second = random.integers(0, 60, len(sensor))
    daily = np.abs(minute % 1_440 - 720) / 72
    value = np.round(sensor % 30 + daily + random.random(len(sensor)) * 4, 3)
    return [
        pa.array(sensor),
        _moments(minute * 60 + second),
        sparse(random, 0.02, pa.array(value)),
        pa.array(reading * 10 + random.integers(0, 10, len(sensor))),
    ]


def _events(
    random: np.random.Generator, params: TimeSeriesParams, numbers: Integers
) -> list[pa.Array]:
    """Returns the columns of the events with these numbers; few are alarms.

    They are at any second in which every sensor has readings.
    """
    rows = len(numbers)
    seconds = random.integers(0, params.minutes * 20, rows)
    return [
        pa.array(numbers + 1),
        pa.array(random.integers(0, params.sensors, rows)),
        _moments(seconds),
        pick(random, EVENTS, rows),
    ]
