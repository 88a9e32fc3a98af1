SELECT
  "x"."id1" AS "id1",
  SUM("x"."v1") AS "v1"
FROM "x"
GROUP BY
  "x"."id1"
-- types of the answer: string int64
