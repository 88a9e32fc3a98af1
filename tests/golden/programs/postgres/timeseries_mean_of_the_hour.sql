SELECT
  "r"."sensor_id" AS "sensor_id",
  "r"."read_at" AS "read_at",
  CAST(AVG("r"."value") OVER (
    PARTITION BY "r"."sensor_id"
    ORDER BY "r"."read_at"
    range BETWEEN INTERVAL '1 HOUR' preceding AND CURRENT ROW
  ) AS DOUBLE PRECISION) AS "mean_of_hour"
FROM "readings" AS "r"
