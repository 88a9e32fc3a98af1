# unsupported: not yet for chDB: a text that would be read as another query: SELECT
  "people"."id" AS "id",
  SPLIT_PART("people"."w", '.', 1) AS "first",
  REGEXP_EXTRACT("people"."s", '[a-z]+', …
