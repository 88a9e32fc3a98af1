SELECT
  "scores"."o" AS "o",
  CAST(SUM("scores"."v") OVER (PARTITION BY "scores"."g" ORDER BY "scores"."r") AS Nullable(Float64)) AS "total"
FROM "scores"
