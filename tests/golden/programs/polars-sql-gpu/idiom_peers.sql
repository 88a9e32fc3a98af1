SELECT
  o,
  SUM(v) OVER (PARTITION BY g ORDER BY r) AS total
FROM scores
