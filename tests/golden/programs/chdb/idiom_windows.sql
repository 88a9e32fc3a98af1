SELECT
  "scores"."g" AS "g",
  "scores"."o" AS "o",
  CAST(SUM("scores"."v") OVER (
    PARTITION BY "scores"."g"
    ORDER BY "scores"."o"
    rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
  ) AS Nullable(Float64)) AS "running",
  CAST(AVG("scores"."r") OVER (
    PARTITION BY "scores"."g"
    ORDER BY "scores"."o"
    rows BETWEEN 2 preceding AND CURRENT ROW
  ) AS Nullable(Float64)) AS "moving",
  CAST(RANK() OVER (PARTITION BY "scores"."g" ORDER BY "scores"."v" DESC, "scores"."r") AS Nullable(Int64)) AS "place",
  CAST(lag(toNullable("scores"."o")) OVER (PARTITION BY "scores"."g" ORDER BY "scores"."o") AS Nullable(Int64)) AS "before"
FROM "scores"
