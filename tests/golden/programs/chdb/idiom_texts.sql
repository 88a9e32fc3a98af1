SELECT
  "people"."id" AS "id",
  SPLIT_PART("people"."w", '.', 1) AS "first",
  REGEXP_EXTRACT("people"."s", '[a-z]+', 0) AS "word",
  LPAD("people"."w", 3, '*') AS "padded",
  CAST(positionUTF8("people"."w", 'a') AS Nullable(Int64)) AS "place",
  CONCAT_WS(', ', COALESCE("people"."s", ''), COALESCE("people"."w", '')) AS "both"
FROM "people"
WHERE
  NOT endsWith("people"."w", 'x')
