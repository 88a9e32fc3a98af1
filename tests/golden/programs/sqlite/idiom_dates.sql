SELECT
  strftime('%Y-%m', "people"."e") AS "month",
  MAX(date("people"."e", 'start of month', '+1 month', '-1 day')) AS "last",
  AVG(CAST(julianday(date("people"."u")) - julianday(date("people"."e")) AS INTEGER)) AS "apart",
  COUNT(*) AS "n"
FROM "people"
WHERE
  "people"."u" < '2021-02-28 00:00:00'
GROUP BY
  strftime('%Y-%m', "people"."e")
-- types of the answer: string date float64 int64
