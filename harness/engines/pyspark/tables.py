"""Starts, configures and ends a Spark session, and reads tables into it."""

from __future__ import annotations

import contextlib
import os
import warnings
from functools import cache
from pathlib import Path
from typing import Any

from harness.engines.session import CONNECT_VARIABLE, memory_limit
from harness.machine.java import is_loopback
from harness.tables import Input, Table
from harness.types import Type
from harness.words import without_secrets

ROWS_WORTH_SPLITTING = 100_000
"""A table of fewer rows is one partition."""
SEVERAL_LINES_BYTES = 2**20
"""The longest CSV file with texts of several lines: see ``data/csv_form.py``."""
HEAP_SHARE = 0.6
"""The share of the memory limit for the JVM's heap; the JVM needs more than its heap."""
DEFAULT_MEMORY = 4 * 2**30
_TYPES = {Type.STRING: "STRING", Type.TIMESTAMP: "TIMESTAMP_NTZ"}
OF_SQL = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",  # else answers have a time zone
    "spark.sql.caseSensitive": "true",
    "spark.sql.variable.substitute": "false",  # else '${env:HOME}' is read from the environment
}
"""Settings of every session, also on a server."""


class SparkTables:
    """A started Spark session with DataFrames of tables: cached ones, or ones that read files.

    It is on the server at ``address``, else on the cluster that ``--connect`` names, else here.
    """

    def __init__(self, threads: int, address: str | None = None) -> None:
        self.spark = started(threads, address or os.environ.get(CONNECT_VARIABLE))
        self.threads, self.cached = threads, dict[str, Any]()

    def loaded(self, table: Table) -> Any:
        """Returns a table as a DataFrame in Spark's memory, in place of one loaded before."""
        if table.name in self.cached:  # Spark would answer from it
            self.cached.pop(table.name).unpersist()
        rows = spread(read(self.spark, table, Input.PARQUET), table, self.threads).cache()
        rows.count()
        self.cached[table.name] = rows
        return rows

    def scanned(self, table: Table, source: Input) -> Any:
        """Returns a DataFrame that reads a table's files whenever it is computed."""
        return read(self.spark, table, source)

    def end(self) -> None:
        """Ends the session, its queries and its cached DataFrames, which a server holds.

        This process' next session starts anew.
        """
        with contextlib.suppress(Exception):  # such as a cluster that has gone
            self.spark.interruptAll()
            for rows in self.cached.values():
                rows.unpersist()
        self.spark.stop()
        _first.cache_clear()


def started(threads: int, address: str | None) -> Any:
    """Returns a new session on the cluster at ``address``, or in this process if that is None.

    Raises ConnectionError if there is no cluster at the address.
    """
    from pyspark.logger import PySparkLogger

    for kind in ("SQL", "DataFrame"):  # errors are raised, too
        PySparkLogger.getLogger(f"{kind}QueryContextLogger").disabled = True
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)  # of pandas 3
        if address is not None:
            return _connected(threads, address)
        return _first(threads, None).newSession()


def _connected(threads: int, address: str) -> Any:
    try:
        if not address.startswith("sc://"):
            return _first(threads, address)
        from pyspark.sql import SparkSession

        session = SparkSession.builder.remote(address).create()
        for name, value in OF_SQL.items():
            session.conf.set(name, value)
        session.sql("SELECT 1").collect()
        return session
    except Exception as error:
        told = without_secrets(str(error)).strip().splitlines() or ["no message"]
        raise ConnectionError(f"no Spark at {without_secrets(address)}: {told[0]}") from None


@cache
def _first(threads: int, address: str | None) -> Any:
    """Returns the session that starts this process' JVM; ``address`` is a cluster's, or None."""
    from pyspark.sql import SparkSession

    from harness.machine.scratch import own_folder  # needs what a Connect client lacks

    folder = own_folder("spark-")
    builder = SparkSession.builder.appName("enginebench").master(address or f"local[{threads}]")
    for name, value in {**_settings(threads, folder, address), **OF_SQL}.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


def _settings(threads: int, folder: Path, address: str | None) -> dict[str, str]:
    megabytes = int((memory_limit() or DEFAULT_MEMORY) * HEAP_SHARE) >> 20
    settings = {
        "spark.driver.memory": f"{max(megabytes, 512)}m",
        "spark.driver.maxResultSize": "0",
        "spark.driver.extraJavaOptions": f"-Djava.io.tmpdir={folder} -XX:-UsePerfData",
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if address is None:
        settings["spark.sql.shuffle.partitions"] = str(threads)
        settings["spark.authenticate"] = "true"  # its ports on loopback answer to itself only
    if address is None or is_loopback(address):
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    return settings


def read(spark: Any, table: Table, source: Input) -> Any:
    """Returns a DataFrame over a table's files; runs nothing: Spark would look for the types."""
    files = [address(file) for file in table.files(source)]
    columns = ", ".join(f"{quoted(c.name)} {_TYPES.get(c.type, c.type.sql)}" for c in table.schema)
    reader = spark.read.schema(columns)
    if source is not Input.CSV:
        return reader.parquet(*files)
    form, size = table.csv_format, max(file.stat().st_size for file in table.csv)
    return reader.csv(
        files,
        header=True,
        sep=form.delimiter,
        nullValue=form.null_values[0],
        escape='"',
        mode="FAILFAST",
        columnNameOfCorruptRecord="",  # else a column of the file may not be called so
        multiLine=size <= SEVERAL_LINES_BYTES,
    )


def spread(rows: Any, table: Table, threads: int) -> Any:
    """Returns a DataFrame in as many partitions as threads, unless it is small."""
    return rows.repartition(threads) if table.rows > ROWS_WORTH_SPLITTING else rows


def name(rows: Any, table: Table) -> None:
    """Registers a DataFrame under its table's name."""
    rows.createOrReplaceTempView(quoted(table.name))


def address(path: str | Path) -> str:
    return Path(path).absolute().as_uri()


def quoted(name: str) -> str:
    """Returns a name in backquotes, as Spark's SQL quotes it."""
    return "`" + name.replace("`", "``") + "`"
