SELECT
  "x"."id3" AS "id3",
  CAST(SUM("x"."v1") AS BIGINT) AS "v1",
  CAST(AVG("x"."v3") AS DOUBLE PRECISION) AS "v3"
FROM "x"
GROUP BY
  "x"."id3"
