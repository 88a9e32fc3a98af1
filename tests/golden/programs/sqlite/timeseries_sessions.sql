WITH "spaced" AS (
  SELECT
    "r"."sensor_id" AS "sensor_id",
    "r"."read_at" AS "read_at",
    "r"."value" AS "value",
    CASE
      WHEN LAG("r"."read_at") OVER (PARTITION BY "r"."sensor_id" ORDER BY "r"."read_at" NULLS LAST) < datetime("r"."read_at", '-20 minutes')
      THEN 1
      ELSE 0
    END AS "begins"
  FROM "readings" AS "r"
), "numbered" AS (
  SELECT
    "spaced"."sensor_id" AS "sensor_id",
    "spaced"."read_at" AS "read_at",
    "spaced"."value" AS "value",
    SUM("spaced"."begins") OVER (
      PARTITION BY "spaced"."sensor_id"
      ORDER BY "spaced"."read_at" NULLS LAST
      rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
    ) AS "session"
  FROM "spaced"
)
SELECT
  "numbered"."sensor_id" AS "sensor_id",
  "numbered"."session" AS "session",
  MIN("numbered"."read_at") AS "began",
  MAX("numbered"."read_at") AS "ended",
  COUNT(*) AS "readings",
  AVG("numbered"."value") AS "mean_value"
FROM "numbered"
GROUP BY
  "numbered"."sensor_id",
  "numbered"."session"
-- types of the answer: int64 int64 timestamp timestamp int64 float64
