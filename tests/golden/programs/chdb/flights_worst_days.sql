# unsupported: not yet for chDB: a text that would be read as another query: WITH "daily" AS (
  SELECT
    "f"."origin" AS "origin",
    CAST(dateTrunc('DAY', "f"."time_hour") AS Nullable(Date32))…
