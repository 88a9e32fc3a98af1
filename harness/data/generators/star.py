"""A number of rows -> a star schema: sales, and the four dimensions that they refer to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harness.data.generators.base import (
    ByBatch,
    Integers,
    RowsParams,
    Skew,
    columns,
    numbered,
    pick,
    skewed,
)

FIRST_DAY = np.datetime64("2019-01-01")
DAYS = 7 * 365 + 2
REGIONS = ("north", "south", "east", "west", "islands")
NATIONS, CITIES = 5, 10
"""The number of nations in a region, and of cities in a nation."""
SEGMENTS = ("home", "office", "public", "trade")
COLOURS = ("black", "white", "red", "green", "blue", "grey")
CATEGORIES, BRANDS = 5, 40
"""The number of categories of each of five makers, and of brands in a category."""
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


SCHEMAS = {
    "sales": columns("""
        sale_id int64, day_id int64, customer_id int64, product_id int64, shop_id int64,
        quantity int64, price float64, discount int64, revenue float64, cost float64
    """),
    "days": columns("""
        day_id int64, day date, year int64, quarter int64, month int64, year_month int64,
        weekday string, is_holiday boolean
    """),
    "customers": columns("""
        customer_id int64, name string, city string, nation string, region string,
        segment string
    """),
    "products": columns("""
        product_id int64, name string, maker string, category string, brand string,
        colour string
    """),
    "shops": columns("""
        shop_id int64, shop_city string, shop_nation string, shop_region string, opened int64
    """),
}


class StarParams(RowsParams):
    """``rows`` counts the sales; ``skew`` is how unevenly they refer to customers and products.

    With 0 all are equally frequent, with 1 they are as words in a language.
    """

    skew: Skew = 0.7

    @property
    def customers(self) -> int:
        return max(500, self.rows // 200)

    @property
    def products(self) -> int:
        return max(1_000, min(200_000, self.rows // 30))

    @property
    def shops(self) -> int:
        return max(250, self.rows // 3_000)


class Star(ByBatch[StarParams]):
    """Sales of seven years, and the customers, products, shops and days that every sale has."""

    name = "star"
    params = StarParams
    tables = SCHEMAS

    def version(self) -> str:
        return "1"

    def rows(self, params: StarParams) -> Mapping[str, int]:
        return {
            "sales": params.rows,
            "days": DAYS,
            "customers": params.customers,
            "products": params.products,
            "shops": params.shops,
        }

    def make(
        self, table: str, random: np.random.Generator, params: StarParams, start: int, rows: int
    ) -> list[pa.Array]:
        ids = np.arange(start + 1, start + rows + 1)
        if table == "sales":
            return [pa.array(ids), *_sales(random, params, rows)]
        if table == "days":
            return [pa.array(ids), *_days(random, ids)]
        if table == "customers":
            names, segments = numbered("Customer ", ids), pick(random, SEGMENTS, rows)
            return [pa.array(ids), names, *_places(random, rows), segments]
        if table == "products":
            return [pa.array(ids), numbered("Product ", ids), *_products(random, rows)]
        return [pa.array(ids), *_places(random, rows), pa.array(random.integers(1980, 2019, rows))]


def _sales(random: np.random.Generator, params: StarParams, rows: int) -> list[pa.Array]:
    quantity, discount = random.integers(1, 51, rows), random.integers(0, 11, rows)
    cents = random.integers(100, 20_000, rows)
    keys = [
        random.integers(1, DAYS + 1, rows),
        skewed(random, params.customers, rows, params.skew),
        skewed(random, params.products, rows, params.skew),
        random.integers(1, params.shops + 1, rows),
    ]
    revenue, cost = quantity * cents * (100 - discount) / 10_000, quantity * cents * 6 // 10 / 100
    numbers = [*keys, quantity, cents / 100, discount, revenue, cost]
    return [pa.array(values) for values in numbers]


def _days(random: np.random.Generator, ids: Integers) -> list[pa.Array]:
    days = pa.array(FIRST_DAY + (ids - 1))
    year, month = pc.year(days), pc.month(days)
    weekday = pa.array(WEEKDAYS).take(pc.day_of_week(days))
    year_month = pc.add(pc.multiply(year, 100), month)
    holiday = pa.array(random.random(len(ids)) < 0.04)
    return [days, year, pc.quarter(days), month, year_month, weekday, holiday]


def _places(random: np.random.Generator, rows: int) -> list[pa.Array]:
    """Draws cities, and returns them with nation and region: ``west-2-7``, ``west-2``, ``west``."""
    city = random.integers(0, len(REGIONS) * NATIONS * CITIES, rows)
    nation = city // CITIES
    region = pa.array(REGIONS).take(pa.array(nation // NATIONS))
    nations = pc.binary_join_element_wise(region, numbered("", nation % NATIONS + 1), "-")
    return [pc.binary_join_element_wise(nations, numbered("", city % CITIES), "-"), nations, region]


def _products(random: np.random.Generator, rows: int) -> list[pa.Array]:
    """Draws maker, category, brand and colour, as ``M3``, ``M3-2``, ``M3-2-17`` and ``red``."""
    brand = random.integers(0, 5 * CATEGORIES * BRANDS, rows)
    category = brand // BRANDS
    makers = numbered("M", category // CATEGORIES + 1)
    categories = pc.binary_join_element_wise(makers, numbered("", category % CATEGORIES + 1), "-")
    brands = pc.binary_join_element_wise(categories, numbered("", brand % BRANDS + 1), "-")
    return [makers, categories, brands, pick(random, COLOURS, rows)]
