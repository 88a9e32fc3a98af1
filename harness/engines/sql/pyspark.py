"""PySpark: Spark SQL, in a JVM that the run starts, on a standalone cluster or a Connect server."""

from __future__ import annotations

from sqlglot.dialects.spark import Spark as Dialect

from harness.engines.pyspark.engine import OnSpark
from harness.engines.sql import gaps, rules, spellings
from harness.engines.sql.base import SqlEngine


class PySpark(OnSpark, SqlEngine):
    name = "pyspark"
    label = "PySpark"
    colour = "#e25a1c"
    session = "harness.engines.sql.sessions.pyspark:PySparkSession"
    gaps, rules = gaps.PYSPARK, rules.PYSPARK
    dialect = spellings.dialect(Dialect, spellings.PYSPARK)
