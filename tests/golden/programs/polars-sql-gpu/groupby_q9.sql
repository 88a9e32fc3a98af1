SELECT
  x.id2,
  x.id4,
  CORR(x.v1, x.v2) * CORR(x.v1, x.v2) AS r2
FROM x
GROUP BY
  x.id2,
  x.id4
