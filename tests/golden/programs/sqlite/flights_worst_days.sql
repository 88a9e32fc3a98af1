WITH "daily" AS (
  SELECT
    "f"."origin" AS "origin",
    date(datetime(date("f"."time_hour", 'start of day'))) AS "day",
    COUNT(*) AS "flights",
    AVG("f"."dep_delay") AS "mean_dep_delay",
    COUNT(*) - COUNT("f"."dep_time") AS "cancelled"
  FROM "flights" AS "f"
  GROUP BY
    "f"."origin",
    date(datetime(date("f"."time_hour", 'start of day')))
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
  "ranked"."place" AS "place",
  "ranked"."day" AS "day",
  "ranked"."flights" AS "flights",
  "ranked"."mean_dep_delay" AS "mean_dep_delay",
  "ranked"."cancelled" AS "cancelled"
FROM "ranked"
WHERE
  "ranked"."place" <= 3
ORDER BY
  "origin" NULLS LAST,
  "place" NULLS LAST,
  "day" NULLS LAST
-- types of the answer: string int64 date int64 float64 int64
