SELECT
  x.id4,
  x.id5,
  MEDIAN(x.v3) AS median_v3,
  STDDEV(x.v3) AS sd_v3
FROM x
GROUP BY
  x.id4,
  x.id5
