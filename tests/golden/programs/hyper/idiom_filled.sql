SELECT
  "scores"."o" AS "o",
  CAST(COALESCE(
    "scores"."v",
    LAST_VALUE("scores"."v") IGNORE NULLS OVER (
      PARTITION BY "scores"."g"
      ORDER BY "scores"."o"
      rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
    )
  ) AS DOUBLE PRECISION) AS "v",
  CAST(LAST_VALUE("scores"."v") IGNORE NULLS OVER (
    PARTITION BY "scores"."g"
    ORDER BY "scores"."o"
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ) AS DOUBLE PRECISION) AS "before"
FROM "scores"
