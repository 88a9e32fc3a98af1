"""A TPC-H scale factor -> its eight tables, made by the command ``tpchgen-cli``."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pyarrow as pa
from pydantic import Field

from harness.data.arrow import BATCH_ROWS, arrow_schema, decimal_to_float, opened
from harness.data.generators.base import Generator, Params, columns
from harness.errors import DataError, DataUnavailable
from harness.types import Schema, Type

COMMAND = "tpchgen-cli"
INSTALL = "python -m pip install tpchgen-cli"


SCHEMAS: dict[str, Schema] = {
    "region": columns("r_regionkey int64, r_name string, r_comment string"),
    "nation": columns("""
        n_nationkey int64, n_name string, n_regionkey int64, n_comment string
    """),
    "supplier": columns("""
        s_suppkey int64, s_name string, s_address string, s_nationkey int64, s_phone string,
        s_acctbal float64, s_comment string
    """),
    "customer": columns("""
        c_custkey int64, c_name string, c_address string, c_nationkey int64, c_phone string,
        c_acctbal float64, c_mktsegment string, c_comment string
    """),
    "part": columns("""
        p_partkey int64, p_name string, p_mfgr string, p_brand string, p_type string,
        p_size int64, p_container string, p_retailprice float64, p_comment string
    """),
    "partsupp": columns("""
        ps_partkey int64, ps_suppkey int64, ps_availqty int64, ps_supplycost float64,
        ps_comment string
    """),
    "orders": columns("""
        o_orderkey int64, o_custkey int64, o_orderstatus string, o_totalprice float64,
        o_orderdate date, o_orderpriority string, o_clerk string, o_shippriority int64,
        o_comment string
    """),
    "lineitem": columns("""
        l_orderkey int64, l_partkey int64, l_suppkey int64, l_linenumber int64,
        l_quantity float64, l_extendedprice float64, l_discount float64, l_tax float64,
        l_returnflag string, l_linestatus string, l_shipdate date, l_commitdate date,
        l_receiptdate date, l_shipinstruct string, l_shipmode string, l_comment string
    """),
}


ROWS = {
    **dict.fromkeys(("region", "nation"), 25),
    **{"supplier": 10_000, "customer": 150_000, "part": 200_000, "partsupp": 800_000},
    **{"orders": 1_500_000, "lineitem": 6_000_000},
}
"""Rows of each table at scale factor 1, about."""


class TpchParams(Params):
    """``scale`` is TPC-H's scale factor: 1 is about a gigabyte of text.

    ``money`` is in 64-bit floats, or in the specification's decimals, which need an SQL engine.
    """

    scale: float = Field(gt=0, le=100_000)
    money: Literal["float", "decimal"] = "float"


class Tpch(Generator[TpchParams]):
    """The tables of TPC-H, with money in 64-bit floats by default.

    Results with these tables are not official TPC-H results.
    """

    name = "tpch"
    params = TpchParams

    def version(self) -> str:
        _command()
        return f"1, {COMMAND} {importlib.metadata.version(COMMAND)}"

    def sized(self, params: TpchParams, rows: int) -> TpchParams:
        """Returns the same parameters, but for about ``rows`` rows of ``lineitem``."""
        return TpchParams(scale=rows / ROWS["lineitem"], money=params.money)

    def schemas(self, params: TpchParams) -> Mapping[str, Schema]:
        kinds = {Type.FLOAT64: Type.DECIMAL} if params.money == "decimal" else {}
        return {
            table: tuple(replace(c, type=kinds.get(c.type, c.type)) for c in schema)
            for table, schema in SCHEMAS.items()
        }

    def rows(self, params: TpchParams) -> Mapping[str, int]:
        return {table: int(rows * params.scale) for table, rows in ROWS.items()}

    def batches(self, table: str, params: TpchParams, scratch: Path) -> Iterator[pa.RecordBatch]:
        target = arrow_schema(self.schemas(params)[table])
        path = scratch / f"{table}.parquet"
        if not path.exists():
            _generate(params.scale, scratch)
        with opened(path) as file:
            for batch in file.iter_batches(BATCH_ROWS):
                yield (_as_floats(batch) if params.money == "float" else batch).cast(target)
        path.unlink()


def _as_floats(batch: pa.RecordBatch) -> pa.RecordBatch:
    arrays = [
        decimal_to_float(column) if pa.types.is_decimal(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _generate(scale: float, folder: Path) -> None:
    """Has ``tpchgen-cli`` write all tables into a folder at once, since each start takes long."""
    options = ["--scale-factor", str(scale), "--output-dir", str(folder), "--overwrite", "--quiet"]
    done = subprocess.run(
        [_command(), "parquet", *options], capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise DataError(f"{COMMAND} failed at scale {scale}: {last}")


def _command() -> str:
    """Returns the command's path: beside this Python, or else on the PATH.

    Raises DataUnavailable if it is not installed.
    """
    beside = Path(sys.executable).parent / COMMAND
    command = str(beside) if beside.is_file() else shutil.which(COMMAND)
    if command is None:
        raise DataUnavailable(f"TPC-H data needs the command {COMMAND}: {INSTALL}")
    return command
