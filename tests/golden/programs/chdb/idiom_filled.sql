SELECT
  "scores"."o" AS "o",
  CAST(COALESCE(
    "scores"."v",
    last_value_respect_nulls(toNullable("scores"."v")) IGNORE NULLS OVER (
      PARTITION BY "scores"."g"
      ORDER BY "scores"."o"
      rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
    )
  ) AS Nullable(Float64)) AS "v",
  CAST(last_value_respect_nulls(toNullable("scores"."v")) IGNORE NULLS OVER (
    PARTITION BY "scores"."g"
    ORDER BY "scores"."o"
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ) AS Nullable(Float64)) AS "before"
FROM "scores"
