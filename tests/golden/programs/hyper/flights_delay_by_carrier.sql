SELECT
  "a"."name" AS "name",
  CAST(COUNT(*) AS BIGINT) AS "flights",
  CAST(AVG(CAST("f"."dep_delay" AS DOUBLE PRECISION)) AS DOUBLE PRECISION) AS "mean_dep_delay",
  CAST(AVG(CAST("f"."arr_delay" AS DOUBLE PRECISION)) AS DOUBLE PRECISION) AS "mean_arr_delay",
  CAST(SUM(CASE WHEN "f"."arr_delay" > 15 THEN 1 ELSE 0 END) AS BIGINT) * CAST(1.0 AS DOUBLE PRECISION) / COUNT("f"."arr_delay") AS "share_late"
FROM "flights" AS "f"
JOIN "airlines" AS "a"
  ON "a"."carrier" = "f"."carrier"
GROUP BY
  "a"."name"
ORDER BY
  "mean_arr_delay" DESC NULLS LAST,
  "name"
