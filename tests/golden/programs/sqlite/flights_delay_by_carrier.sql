SELECT
  "a"."name" AS "name",
  COUNT(*) AS "flights",
  AVG("f"."dep_delay") AS "mean_dep_delay",
  AVG("f"."arr_delay") AS "mean_arr_delay",
  (CASE COUNT("f"."arr_delay") WHEN 0 THEN CASE WHEN CAST(SUM(CASE WHEN "f"."arr_delay" > 15 THEN 1 ELSE 0 END) * 1.0 AS REAL) > 0 THEN 9e999 WHEN CAST(SUM(CASE WHEN "f"."arr_delay" > 15 THEN 1 ELSE 0 END) * 1.0 AS REAL) < 0 THEN -9e999 END ELSE CAST(SUM(CASE WHEN "f"."arr_delay" > 15 THEN 1 ELSE 0 END) * 1.0 AS REAL) / COUNT("f"."arr_delay") END) AS "share_late"
FROM "flights" AS "f"
JOIN "airlines" AS "a"
  ON "a"."carrier" = "f"."carrier"
GROUP BY
  "a"."name"
ORDER BY
  "mean_arr_delay" DESC,
  "name" NULLS LAST
-- types of the answer: string int64 float64 float64 float64
