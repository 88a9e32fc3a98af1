SELECT
  "scores"."g" AS "g",
  "scores"."o" AS "o",
  SUM("scores"."v") OVER (
    PARTITION BY "scores"."g"
    ORDER BY "scores"."o" NULLS LAST
    rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
  ) AS "running",
  AVG("scores"."r") OVER (
    PARTITION BY "scores"."g"
    ORDER BY "scores"."o" NULLS LAST
    rows BETWEEN 2 preceding AND CURRENT ROW
  ) AS "moving",
  RANK() OVER (PARTITION BY "scores"."g" ORDER BY "scores"."v" DESC, "scores"."r" NULLS LAST) AS "place",
  LAG("scores"."o") OVER (PARTITION BY "scores"."g" ORDER BY "scores"."o" NULLS LAST) AS "before"
FROM "scores"
-- types of the answer: string int64 float64 float64 int64 int64
