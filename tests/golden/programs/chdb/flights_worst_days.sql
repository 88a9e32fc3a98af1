WITH "daily" AS (
  SELECT
    "f"."origin" AS "origin",
    CAST(dateTrunc('DAY', "f"."time_hour") AS Nullable(Date32)) AS "day",
    COUNT(*) AS "flights",
    AVG("f"."dep_delay") AS "mean_dep_delay",
    COUNT(*) - COUNT("f"."dep_time") AS "cancelled"
  FROM "flights" AS "f"
  GROUP BY
    "f"."origin",
    CAST(dateTrunc('DAY', "f"."time_hour") AS Nullable(Date32))
), "ranked" AS (
  SELECT
    "daily"."origin" AS "origin",
    "daily"."day" AS "day",
    "daily"."flights" AS "flights",
    "daily"."mean_dep_delay" AS "mean_dep_delay",
    "daily"."cancelled" AS "cancelled",
    RANK() OVER (PARTITION BY "daily"."origin" ORDER BY "daily"."mean_dep_delay" DESC) AS "place"
  FROM "daily"
  WHERE
    "daily"."flights" >= 50
)
SELECT
  "ranked"."origin" AS "origin",
  CAST("ranked"."place" AS Nullable(Int64)) AS "place",
  CAST("ranked"."day" AS Nullable(Date32)) AS "day",
  CAST("ranked"."flights" AS Nullable(Int64)) AS "flights",
  "ranked"."mean_dep_delay" AS "mean_dep_delay",
  CAST("ranked"."cancelled" AS Nullable(Int64)) AS "cancelled"
FROM "ranked"
WHERE
  "ranked"."place" <= 3
ORDER BY
  "origin",
  "place",
  "day"
