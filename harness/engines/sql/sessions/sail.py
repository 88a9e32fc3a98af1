"""Sessions of Sail."""

from __future__ import annotations

import os
from pathlib import Path

from harness.engines.pyspark.tables import SparkTables
from harness.engines.session import SPILL_FOLDER, memory_limit
from harness.engines.sql.sessions.base import SqlSession
from harness.engines.sql.sessions.pyspark import PySparkSession
from harness.tables import Input, Table


class SailSession(PySparkSession):
    """A session of Sail: PySpark's client, connected to the server over loopback.

    It may hold four fifths of the memory limit, of which answers in Arrow, which it does not count,
    have the rest; what takes more moves to the disk.
    """

    def __init__(self, threads: int) -> None:
        from pysail.spark import SparkConnectServer

        SqlSession.__init__(self, threads)  # not PySpark's, which starts a JVM
        self.spills_to = Path(SPILL_FOLDER)
        if (limit := memory_limit()) is not None:
            os.environ["SAIL_RUNTIME__MEMORY_POOL__TYPE"] = "greedy"
            os.environ["SAIL_RUNTIME__MEMORY_POOL__GREEDY__MAX_SIZE"] = str(limit * 4 // 5)
            os.environ["SAIL_RUNTIME__TEMPORARY_FILES__PATHS"] = f'["{SPILL_FOLDER}"]'
        self.server = SparkConnectServer("127.0.0.1", 0)
        self.server.start(background=True)
        host, port = self.server.listening_address
        self.tables = SparkTables(threads, f"sc://{host}:{port}")

    def scan(self, table: Table, source: Input) -> None:
        rows = self.tables.scanned(table, source)
        rows.createOrReplaceTempView(table.name)  # Sail takes backquotes for a part of the name

    def close(self) -> None:
        super().close()
        self.server.stop()
