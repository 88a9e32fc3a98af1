SELECT
  "t"."id" AS "id",
  CAST("q"."v" AS DOUBLE PRECISION) AS "v",
  CAST("q"."o" AS BIGINT) AS "o"
FROM "teams" AS "t", LATERAL (
  SELECT
    "s"."v" AS "v",
    "s"."o" AS "o"
  FROM "scores" AS "s"
  WHERE
    "s"."o" = "t"."id"
  ORDER BY
    "s"."r" DESC NULLS LAST
  LIMIT 2
) AS "q"
