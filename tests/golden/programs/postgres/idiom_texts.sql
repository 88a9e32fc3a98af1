SELECT
  "people"."id" AS "id",
  SPLIT_PART("people"."w", '.', 1) AS "first",
  COALESCE(SUBSTRING("people"."s" FROM '(?p)[a-z]+'), CASE WHEN NOT "people"."s" IS NULL THEN '' END) AS "word",
  LPAD("people"."w", 3, '*') AS "padded",
  CAST(POSITION('a' IN "people"."w") AS BIGINT) AS "place",
  CONCAT_WS(', ', "people"."s", "people"."w") AS "both"
FROM "people"
WHERE
  NOT (RIGHT("people"."w", LENGTH('x')) = 'x')
