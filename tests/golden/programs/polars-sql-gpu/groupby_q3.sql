SELECT
  x.id3,
  SUM(x.v1) AS v1,
  AVG(x.v3) AS v3
FROM x
GROUP BY
  x.id3
