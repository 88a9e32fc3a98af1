SELECT
  "x"."id2" AS "id2",
  "x"."id4" AS "id4",
  CAST(CORR("x"."v1", "x"."v2") * CORR("x"."v1", "x"."v2") AS Nullable(Float64)) AS "r2"
FROM "x"
GROUP BY
  "x"."id2",
  "x"."id4"
