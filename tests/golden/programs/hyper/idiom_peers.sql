SELECT
  "scores"."o" AS "o",
  CAST(SUM("scores"."v") OVER (PARTITION BY "scores"."g" ORDER BY "scores"."r") AS DOUBLE PRECISION) AS "total"
FROM "scores"
