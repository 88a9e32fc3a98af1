SELECT
  TO_CHAR("people"."e", '%Y-%m') AS "month",
  CAST(MAX(
    CAST(DATE_TRUNC('MONTH', "people"."e") + INTERVAL '1 MONTH' - INTERVAL '1 DAY' AS DATE)
  ) AS DATE) AS "last",
  CAST(AVG(
    (CAST(CAST("people"."u" AS DATE) AS INT) - CAST(CAST("people"."e" AS DATE) AS INT))
  ) AS DOUBLE PRECISION) AS "apart",
  CAST(COUNT(*) AS BIGINT) AS "n"
FROM "people"
WHERE
  "people"."u" < CAST('2021-02-28 00:00:00' AS TIMESTAMP)
GROUP BY
  TO_CHAR("people"."e", '%Y-%m')
