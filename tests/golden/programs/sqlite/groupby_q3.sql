SELECT
  "x"."id3" AS "id3",
  SUM("x"."v1") AS "v1",
  AVG("x"."v3") AS "v3"
FROM "x"
GROUP BY
  "x"."id3"
-- types of the answer: string int64 float64
