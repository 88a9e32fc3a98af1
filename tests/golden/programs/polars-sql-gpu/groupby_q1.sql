SELECT
  x.id1,
  SUM(x.v1) AS v1
FROM x
GROUP BY
  x.id1
