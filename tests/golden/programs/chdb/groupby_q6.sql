SELECT
  "x"."id4" AS "id4",
  "x"."id5" AS "id5",
  CAST(quantileExactInclusive(0.5)("x"."v3") AS Nullable(Float64)) AS "median_v3",
  CAST(if(count("x"."v3") > 1, stddevSampStable("x"."v3"), NULL) AS Nullable(Float64)) AS "sd_v3"
FROM "x"
GROUP BY
  "x"."id4",
  "x"."id5"
