SELECT
  "scores"."g" AS "g",
  "scores"."o" AS "o",
  CAST(SUM("scores"."v") OVER (
    PARTITION BY "scores"."g"
    ORDER BY "scores"."o"
    rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
  ) AS DOUBLE PRECISION) AS "running",
  CAST(AVG("scores"."r") OVER (
    PARTITION BY "scores"."g"
    ORDER BY "scores"."o"
    rows BETWEEN 2 preceding AND CURRENT ROW
  ) AS DOUBLE PRECISION) AS "moving",
  CAST(RANK() OVER (
    PARTITION BY "scores"."g"
    ORDER BY (
      "scores"."v" + 0.0
    ) DESC NULLS LAST, "scores"."r"
  ) AS BIGINT) AS "place",
  CAST(LAG("scores"."o") OVER (PARTITION BY "scores"."g" ORDER BY "scores"."o") AS BIGINT) AS "before"
FROM "scores"
