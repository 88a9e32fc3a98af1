WITH daily AS (
  SELECT
    f.origin,
    CAST(DATE_TRUNC('DAY', f.time_hour) AS DATE) AS day,
    COUNT(*) AS flights,
    AVG(f.dep_delay) AS mean_dep_delay,
    COUNT(*) - COUNT(f.dep_time) AS cancelled
  FROM flights AS f
  GROUP BY
    f.origin,
    CAST(DATE_TRUNC('DAY', f.time_hour) AS DATE)
), ranked AS (
  SELECT
    daily.*,
    RANK() OVER (PARTITION BY daily.origin ORDER BY daily.mean_dep_delay DESC) AS place
  FROM daily
  WHERE
    daily.flights >= 50
)
SELECT
  ranked.origin,
  ranked.place,
  ranked.day,
  ranked.flights,
  ranked.mean_dep_delay,
  ranked.cancelled
FROM ranked
WHERE
  ranked.place <= 3
ORDER BY
  ranked.origin,
  ranked.place,
  ranked.day
