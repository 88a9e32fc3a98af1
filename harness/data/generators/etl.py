"""A number of rows -> an untidy export of orders, with clean customers and products."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harness.data.generators.base import ByBatch, Integers, Rows, numbered, pick, sparse
from harness.types import Column, Schema, Type

DUPLICATES = 0.05
"""The share of rows that repeat an earlier order: half exactly, half with a later state."""

FIRST_DAY = np.datetime64("2022-01-01")
DAYS = 3 * 365
STATUSES = ("shipped", "delivered", "cancelled", "pending", "returned")
COUNTRIES = ("NL", "DE", "FR", "GB", "US", "BR", "JP", "IN")
SEGMENTS = ("consumer", "business", "public")
CATEGORIES = ("books", "garden", "kitchen", "music", "office", "sport", "toys")
CHANNELS = ("web", "Web ", " WEB", "shop", "SHOP", "phone", "??", "n/a")

SCHEMAS: dict[str, Schema] = {
    "orders": (
        Column("order_id", Type.INT64, nullable=False),
        Column("customer_id", Type.INT64),
        Column("product_code", Type.STRING),
        Column("ordered_on", Type.STRING),
        Column("quantity", Type.STRING),
        Column("unit_price", Type.STRING),
        Column("discount", Type.FLOAT64),
        Column("status", Type.STRING, nullable=False),
        Column("channel", Type.STRING),
        Column("updated_at", Type.TIMESTAMP, nullable=False),
    ),
    "customers": (
        Column("customer_id", Type.INT64, nullable=False),
        Column("name", Type.STRING, nullable=False),
        Column("country", Type.STRING, nullable=False),
        Column("segment", Type.STRING),
        Column("joined_on", Type.DATE, nullable=False),
    ),
    "products": (
        Column("product_code", Type.STRING, nullable=False),
        Column("category", Type.STRING, nullable=False),
        Column("list_price", Type.FLOAT64, nullable=False),
    ),
}


class EtlParams(Rows):
    """``rows`` are those of the orders, repeated ones included."""

    @property
    def customers(self) -> int:
        return max(10, self.rows // 100)

    @property
    def products(self) -> int:
        return min(5_000, max(10, self.rows // 200))


class Etl(ByBatch[EtlParams]):
    """Orders as a shop's old system might export them.

    Text is padded and in mixed case; days are written ``2023-05-17``, ``2023/05/17`` or padded;
    quantities may read ``n/a``; prices start with ``$``; one order in a hundred names a customer or
    a product that does not exist; 5% of the rows repeat an order. Two rows of one order either
    differ in ``updated_at`` or are equal in every column.
    """

    name = "etl"
    params = EtlParams
    tables = SCHEMAS

    def version(self) -> str:
        return "1"

    def rows(self, params: EtlParams) -> Mapping[str, int]:
        return {"orders": params.rows, "customers": params.customers, "products": params.products}

    def make(
        self, table: str, random: np.random.Generator, params: EtlParams, start: int, rows: int
    ) -> list[pa.Array]:
        make = {"orders": _orders, "customers": _customers, "products": _products}[table]
        return make(random, params, start, rows)


def _orders(
    random: np.random.Generator, params: EtlParams, start: int, rows: int
) -> list[pa.Array]:
    """Makes new orders and repeats some of them in the same batch, in random order."""
    repeated = int(rows * DUPLICATES)
    new = rows - repeated
    columns = _new_orders(random, params, start, new)
    origin = np.concatenate([np.arange(new), random.choice(new, repeated, replace=False)])
    later = np.zeros(rows, dtype=np.int64)
    later[new + repeated // 2 :] = random.integers(1, 30 * 86_400, rows - new - repeated // 2)
    order = random.permutation(rows)
    taken = [column.take(pa.array(origin[order])) for column in columns]
    status, updated = taken[7], taken[9]
    changed = pa.array(later[order] > 0)
    taken[7] = pc.if_else(changed, "Delivered", status)
    taken[9] = pc.add(updated, pa.array(later[order] * 1_000_000, pa.duration("us")))
    return taken


def _new_orders(
    random: np.random.Generator, params: EtlParams, start: int, rows: int
) -> list[pa.Array]:
    days = random.integers(0, DAYS, rows)
    product = random.integers(1, int(params.products * 1.01) + 2, rows)
    seconds = random.integers(0, 86_400, rows)
    midnight = FIRST_DAY.astype("datetime64[s]") + days * 86_400
    return [
        pa.array(np.arange(start + 1, start + rows + 1)),
        sparse(random, 0.02, pa.array(random.integers(1, int(params.customers * 1.01) + 2, rows))),
        sparse(random, 0.01, _untidy(random, _codes(product))),
        sparse(random, 0.01, _days(random, days)),
        sparse(random, 0.02, _quantities(random, rows)),
        sparse(random, 0.03, _prices(random, rows)),
        sparse(random, 0.40, pa.array(random.integers(1, 7, rows) * 5 / 100)),
        _untidy(random, pick(random, STATUSES, rows)),
        sparse(random, 0.05, pick(random, CHANNELS, rows)),
        pa.array((midnight + seconds).astype("datetime64[us]")),
    ]


def _customers(
    random: np.random.Generator, params: EtlParams, start: int, rows: int
) -> list[pa.Array]:
    ids = np.arange(start + 1, start + rows + 1)
    return [
        pa.array(ids),
        pc.binary_join_element_wise("Customer ", pc.cast(pa.array(ids), pa.string()), ""),
        pick(random, COUNTRIES, rows),
        sparse(random, 0.05, pick(random, SEGMENTS, rows)),
        pa.array(FIRST_DAY - random.integers(0, DAYS, rows)),
    ]


def _products(
    random: np.random.Generator, params: EtlParams, start: int, rows: int
) -> list[pa.Array]:
    return [
        _codes(np.arange(start + 1, start + rows + 1)),
        pick(random, CATEGORIES, rows),
        pa.array(np.round(random.random(rows) * 200, 2)),
    ]


def _codes(numbers: Integers) -> pa.Array:
    return numbered("SKU-", numbers, 5)


def _days(random: np.random.Generator, days: Integers) -> pa.Array:
    iso = pc.cast(pa.array(FIRST_DAY + days), pa.string())
    slashed = pc.replace_substring(iso, "-", "/")
    padded = pc.binary_join_element_wise(" ", iso, " ", "")
    return pc.choose(pa.array(random.choice(3, len(days), p=[0.8, 0.1, 0.1])), iso, slashed, padded)


def _quantities(random: np.random.Generator, rows: int) -> pa.Array:
    text = pc.cast(pa.array(random.integers(1, 21, rows)), pa.string())
    return pc.if_else(pa.array(random.random(rows) < 0.01), "n/a", text)


def _prices(random: np.random.Generator, rows: int) -> pa.Array:
    text = pc.cast(pa.array(np.round(random.random(rows) * 200 + 1, 2)), pa.string())
    return pc.binary_join_element_wise("$", text, "")


def _untidy(random: np.random.Generator, text: pa.Array) -> pa.Array:
    """Returns the text as it is, in lower or upper case, or padded."""
    spelling = random.choice(4, len(text), p=[0.7, 0.1, 0.1, 0.1])
    padded = pc.binary_join_element_wise(" ", text, " ", "")
    return pc.choose(pa.array(spelling), text, pc.utf8_lower(text), pc.utf8_upper(text), padded)
