SELECT
  formatDateTime("people"."e", '%Y-%m') AS "month",
  CAST(MAX(LAST_DAY("people"."e")) AS Nullable(Date32)) AS "last",
  CAST(AVG(DATE_DIFF(DAY, "people"."e", "people"."u")) AS Nullable(Float64)) AS "apart",
  CAST(COUNT(*) AS Nullable(Int64)) AS "n"
FROM "people"
WHERE
  "people"."u" < CAST('2021-02-28 00:00:00' AS Nullable(DateTime64(6)))
GROUP BY
  formatDateTime("people"."e", '%Y-%m')
