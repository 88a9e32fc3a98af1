SELECT
  a.name,
  COUNT(*) AS flights,
  AVG(f.dep_delay) AS mean_dep_delay,
  AVG(f.arr_delay) AS mean_arr_delay,
  SUM(CASE WHEN f.arr_delay > 15 THEN 1 ELSE 0 END) * 1.0 / COUNT(f.arr_delay) AS share_late
FROM flights AS f
JOIN airlines AS a
  ON f.carrier = a.carrier
GROUP BY
  a.name
ORDER BY
  mean_arr_delay DESC,
  a.name
