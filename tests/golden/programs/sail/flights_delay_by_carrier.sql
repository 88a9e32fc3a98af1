SELECT
  `a`.`name` AS `name`,
  CAST(COUNT(*) AS BIGINT) AS `flights`,
  CAST(AVG(`f`.`dep_delay`) AS DOUBLE) AS `mean_dep_delay`,
  CAST(AVG(`f`.`arr_delay`) AS DOUBLE) AS `mean_arr_delay`,
  SUM(CASE WHEN `f`.`arr_delay` > 15 THEN 1 ELSE 0 END) * CAST(1.0 AS DOUBLE) / COUNT(`f`.`arr_delay`) AS `share_late`
FROM `flights` AS `f`
JOIN `airlines` AS `a`
  ON `a`.`carrier` = `f`.`carrier`
GROUP BY
  `a`.`name`
ORDER BY
  (
    `mean_arr_delay` + 0.0
  ) DESC,
  `name` NULLS LAST
