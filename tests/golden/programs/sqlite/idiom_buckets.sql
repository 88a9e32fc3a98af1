SELECT
  datetime(CAST(strftime('%s', "people"."u") AS INTEGER) - (CAST(strftime('%s', "people"."u") AS INTEGER) % 900 + 900) % 900, 'unixepoch') AS "quarter",
  COUNT(*) AS "n",
  SUM(SIN("people"."y")) AS "s"
FROM "people"
GROUP BY
  datetime(CAST(strftime('%s', "people"."u") AS INTEGER) - (CAST(strftime('%s', "people"."u") AS INTEGER) % 900 + 900) % 900, 'unixepoch')
-- types of the answer: timestamp int64 float64
