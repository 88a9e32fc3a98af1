SELECT
  "people"."k" AS "k",
  "people"."c" AS "c",
  CAST(SUM("people"."n") AS Nullable(Int64)) AS "total",
  CAST(COUNT(*) AS Nullable(Int64)) AS "rows"
FROM "people"
WHERE
  "people"."id" IN (
    SELECT
      "scores"."r" AS "r"
    FROM "scores"
    UNION DISTINCT
    SELECT
      "pairs"."bk" AS "bk"
    FROM "pairs"
    WHERE
      "pairs"."val" > 10
  )
GROUP BY
  ROLLUP (
    "people"."k",
    "people"."c"
  )
ORDER BY
  "k",
  "c"
