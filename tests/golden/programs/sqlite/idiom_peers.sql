SELECT
  "scores"."o" AS "o",
  SUM("scores"."v") OVER (PARTITION BY "scores"."g" ORDER BY "scores"."r" NULLS LAST) AS "total"
FROM "scores"
-- types of the answer: int64 float64
