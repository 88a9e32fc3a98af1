SELECT
  STRFTIME(e, '%Y-%m') AS month,
  MAX(LAST_DAY(e)) AS last,
  AVG(DATE_DIFF('DAY', e, u)) AS apart,
  COUNT(*) AS n
FROM people
WHERE
  u < CAST('2021-01-31' AS DATE) + INTERVAL '1' MONTH
GROUP BY
  1
