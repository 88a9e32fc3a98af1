WITH aged AS (
  SELECT
    f.arr_delay,
    f.distance,
    p.seats,
    CASE
      WHEN p.year IS NULL
      THEN 'unknown'
      WHEN 2013 - p.year < 5
      THEN 'under 5'
      WHEN 2013 - p.year BETWEEN 5 AND 14
      THEN '5 to 14'
      ELSE '15 and over'
    END AS age
  FROM flights AS f
  LEFT JOIN planes AS p
    ON f.tailnum = p.tailnum
)
SELECT
  aged.age,
  COUNT(*) AS flights,
  AVG(aged.arr_delay) AS mean_arr_delay,
  AVG(aged.distance) AS mean_miles,
  SUM(aged.seats) AS seats_flown
FROM aged
GROUP BY
  aged.age
ORDER BY
  aged.age
