SELECT
  TO_CHAR("people"."e", 'YYYY-MM') AS "month",
  CAST(MAX(CAST(DATE_TRUNC('MONTH', "people"."e") + INTERVAL '1 MONTH' - INTERVAL '1 DAY' AS DATE)) AS DATE) AS "last",
  CAST(AVG(CAST((CAST("people"."u" AS DATE) - CAST("people"."e" AS DATE)) AS DOUBLE PRECISION)) AS DOUBLE PRECISION) AS "apart",
  CAST(COUNT(*) AS BIGINT) AS "n"
FROM "people"
WHERE
  "people"."u" < CAST('2021-02-28 00:00:00' AS TIMESTAMP)
GROUP BY
  TO_CHAR("people"."e", 'YYYY-MM')
