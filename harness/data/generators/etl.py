"""A number of rows -> untidy exports of a shop: orders, payments, notes and what they name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harness.data.generators.base import (
    ByBatch,
    Integers,
    RowsParams,
    columns,
    numbered,
    pick,
    row_ranges,
    sparse,
)
from harness.data.generators.shuffle import Shuffle
from harness.special import Special
from harness.types import Column, Schema, Type

DUPLICATES = 0.05
"""The share of rows that repeat an earlier order: half exactly, half with a later state."""

FIRST_DAY = np.datetime64("2022-01-01")
DAYS = 3 * 365
STATUSES = ("shipped", "delivered", "cancelled", "pending", "returned")
COUNTRIES = ("NL", "DE", "FR", "GB", "US", "BR", "JP", "IN")
SEGMENTS = ("consumer", "business", "public")
CATEGORIES = ("books", "garden", "kitchen", "music", "office", "sport", "toys")
CURRENCIES = ("EUR", "USD", "GBP", "eur", " USD ")
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
    "prices": columns("product_code string, valid_from date, price float64"),
    "payments": columns("""
        line int64, payment string, order_ref string?, paid_on string, amount string,
        currency string, remark string
    """),
    "notes": (
        *columns("note_id int64, order_id int64, author string"),
        Column("body", Type.STRING, nullable=False, special=(Special.BREAK,)),
    ),
}

FLAWS = {"no order": 40, "bad day": 15, "bad amount": 20, "negative amount": 10, "bad currency": 5}
"""The number of payments in a thousand that have each flaw; none has two."""
ABSENT: tuple[str | None, ...] = ("NULL", "null", "N/A", "n/a", "-", None)
"""The spellings of an order that is absent."""
PRICES = 6
"""The number of prices of each product, each valid for 100 to 260 days."""
NOTES = ("called, will pay", 'sent "final" notice', "no answer", "address changed; see file")
MOST_NOTES = 1_500
"""The most notes: their text has several lines, amid which some readers cut a long CSV file."""


class EtlParams(RowsParams):
    """``rows`` counts the orders, repeated ones included."""

    @property
    def customers(self) -> int:
        return max(10, self.rows // 100)

    @property
    def products(self) -> int:
        return min(5_000, max(10, self.rows // 200))

    @property
    def payments(self) -> int:
        return self.rows // 2

    @property
    def notes(self) -> int:
        return min(MOST_NOTES, self.rows // 20)

    @property
    def flawed(self) -> dict[str, int]:
        """The number of payments with a flaw, for each flaw, such as ``bad day``."""
        return {flaw: self.payments * share // 1_000 for flaw, share in FLAWS.items()}


class Etl(ByBatch[EtlParams]):
    """Orders as a shop's old system might export them.

    Text is padded and in mixed case; days are spelt ``2023-05-17``, ``2023/05/17`` or padded;
    quantities may read ``n/a``; prices start with ``$``; one order in a hundred names a
    customer or a product that does not exist; 5% of the rows repeat an order. Two rows of
    one order either differ in ``updated_at`` or are equal in every column.

    In payments all columns are text; a payment has one flaw at most, and ``manifest`` says how
    many have which. Days are written in four ways, amounts with and without commas between
    thousands and a currency's sign; remarks hold commas and quotation marks, notes several lines.
    """

    name = "etl"
    params = EtlParams
    tables = SCHEMAS

    def version(self) -> str:
        return "2"

    def rows(self, params: EtlParams) -> Mapping[str, int]:
        return {
            "orders": params.rows,
            "customers": params.customers,
            "products": params.products,
            "prices": params.products * PRICES,
            "payments": params.payments,
            "notes": params.notes,
        }

    def manifest(self, params: EtlParams) -> Mapping[str, int]:
        """Returns the numbers of orders, of good payments and of payments with each flaw.

        They are known from the parameters, without reading the tables.
        """
        batches = [rows for _, _, rows in row_ranges(params.rows)]
        return {
            "orders": sum(rows - int(rows * DUPLICATES) for rows in batches),
            "good payments": params.payments - sum(params.flawed.values()),
            **params.flawed,
        }

    def make(
        self, table: str, random: np.random.Generator, params: EtlParams, start: int, rows: int
    ) -> list[pa.Array]:
        make = {
            "orders": _orders,
            "customers": _customers,
            "products": _products,
            "prices": _prices_in_time,
            "payments": _payments,
            "notes": _notes,
        }[table]
        return make(random, params, start, rows)


def _orders(
    random: np.random.Generator, params: EtlParams, start: int, rows: int
) -> list[pa.Array]:
    """Returns the columns of ``rows`` orders, some of them repeats of others, in random order.

    The new ones are numbered from ``start`` + 1 on. Half of the repeats are equal to their order,
    half are updated later.
    """
    repeated = int(rows * DUPLICATES)
    new = rows - repeated
    made = _new_orders(random, params, start, new)
    origin = np.concatenate([np.arange(new), random.choice(new, repeated, replace=False)])
    later = np.zeros(rows, dtype=np.int64)
    later[new + repeated // 2 :] = random.integers(1, 30 * 86_400, rows - new - repeated // 2)
    order = random.permutation(rows)
    taken = [column.take(pa.array(origin[order])) for column in made]
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


def _prices_in_time(
    random: np.random.Generator, params: EtlParams, start: int, rows: int
) -> list[pa.Array]:
    """Returns the columns of ``rows`` prices, of which the first has the number ``start``.

    A product's prices are in order of their days; its first is valid from the first day.
    """
    numbers = np.arange(start, start + rows)
    place = numbers % PRICES
    late = np.where(place > 0, random.integers(0, 80, rows), 0)
    cents = random.integers(100, 20_000, rows)
    days = FIRST_DAY + (place * 180 + late)
    return [_codes(numbers // PRICES + 1), pa.array(days), pa.array(cents / 100)]


def _payments(
    random: np.random.Generator, params: EtlParams, start: int, rows: int
) -> list[pa.Array]:
    numbers = np.arange(start, start + rows)
    flaw = _flaws(params, numbers)
    order = pc.cast(pa.array(random.integers(1, params.rows + 1, rows)), pa.string())
    days = _spelt_days(random, rows)
    amounts = _spelt_amounts(random, rows, flaw["negative amount"])
    return [
        pa.array(numbers + 2),  # a line of the export, of which the first is the header
        numbered("P", numbers + 1, 9),
        pc.if_else(flaw["no order"], pick(random, ABSENT, rows), order),
        pc.if_else(flaw["bad day"], pick(random, ("soon", "2023-13-01", "31/31/2023"), rows), days),
        pc.if_else(flaw["bad amount"], pick(random, ("twelve", "1,2,3", "?"), rows), amounts),
        pc.if_else(flaw["bad currency"], "XXX", pick(random, CURRENCIES, rows)),
        pick(random, ("paid", "paid, in part", 'says "thanks"', "late; reminded"), rows),
    ]


def _flaws(params: EtlParams, numbers: Integers) -> dict[str, pa.Array]:
    """Returns a mask for each flaw, such as ``bad day``: which of these payments have it.

    ``numbers`` are the payments' numbers. The first payments in a fixed random permutation of all
    payments have flaws.
    """
    places = Shuffle(params.payments, params.seed, 9).places(numbers)
    flags, first = {}, 0
    for flaw, count in params.flawed.items():
        flags[flaw] = pa.array((places >= first) & (places < first + count))
        first += count
    return flags


def _spelt_days(random: np.random.Generator, rows: int) -> pa.Array:
    """Draws days, as ``2023-05-17``, ``2023/05/17``, ``17.05.2023`` or ``05/17/2023``."""
    iso = pc.cast(pa.array(FIRST_DAY + random.integers(0, DAYS, rows)), pa.string())
    year, month, day = (pc.utf8_slice_codeunits(iso, a, b) for a, b in ((0, 4), (5, 7), (8, 10)))
    join = pc.binary_join_element_wise
    slashed, dotted = join(year, month, day, "/"), join(day, month, year, ".")
    american = join(month, day, year, "/")
    return pc.choose(pa.array(random.integers(0, 4, rows)), iso, slashed, dotted, american)


def _spelt_amounts(random: np.random.Generator, rows: int, negative: pa.Array) -> pa.Array:
    """Draws amounts, as ``1234.50``, ``1,234.50`` or ``$1,234.50``.

    Where ``negative`` is true, they are as ``-1,234.50``.
    """
    cents = random.integers(100, 500_000, rows)
    units, rest = cents // 100, numbered(".", cents % 100, 2)
    plain = numbered("", units)
    grouped = pc.binary_join_element_wise(
        numbered("", units // 1_000), numbered("", units % 1_000, 3), ","
    )
    grouped = pc.if_else(pa.array(units >= 1_000), grouped, plain)
    plain, grouped = (pc.binary_join_element_wise(text, rest, "") for text in (plain, grouped))
    signed = pc.binary_join_element_wise("$", grouped, "")
    chosen = pc.choose(pa.array(random.integers(0, 3, rows)), plain, grouped, signed)
    return pc.if_else(negative, pc.binary_join_element_wise("-", grouped, ""), chosen)


def _notes(random: np.random.Generator, params: EtlParams, start: int, rows: int) -> list[pa.Array]:
    """Returns the columns of notes of one to three lines, which CSV puts in quotation marks."""
    ids = np.arange(start + 1, start + rows + 1)
    lines = [pick(random, NOTES, rows) for _ in range(3)]
    count = random.integers(1, 4, rows)
    parts = [pc.if_else(pa.array(count > n), line, None) for n, line in enumerate(lines)]
    return [
        pa.array(ids),
        pa.array(random.integers(1, params.rows + 1, rows)),
        pick(random, ("Kim", "Lee", "Max"), rows),
        pc.binary_join_element_wise(*parts, "\n", null_handling="skip"),
    ]
