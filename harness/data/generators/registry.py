"""Turns a generator's name into the generator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.data.generators.base import Generator
from harness.data.generators.etl import Etl
from harness.data.generators.flights import Flights
from harness.data.generators.groupby import GroupBy
from harness.data.generators.join import Join
from harness.data.generators.tpch import Tpch

GENERATORS: Mapping[str, Generator[Any]] = {
    generator.name: generator for generator in (GroupBy(), Join(), Etl(), Flights(), Tpch())
}
