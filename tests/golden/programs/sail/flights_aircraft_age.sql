WITH `aged` AS (
  SELECT
    `f`.`arr_delay` AS `arr_delay`,
    `f`.`distance` AS `distance`,
    `p`.`seats` AS `seats`,
    CASE
      WHEN `p`.`year` IS NULL
      THEN 'unknown'
      WHEN `p`.`year` > 2008
      THEN 'under 5'
      WHEN `p`.`year` BETWEEN 1999 AND 2008
      THEN '5 to 14'
      ELSE '15 and over'
    END AS `age`
  FROM `flights` AS `f`
  LEFT JOIN `planes` AS `p`
    ON `f`.`tailnum` = `p`.`tailnum`
)
SELECT
  `aged`.`age` AS `age`,
  CAST(COUNT(*) AS BIGINT) AS `flights`,
  CAST(AVG(`aged`.`arr_delay`) AS DOUBLE) AS `mean_arr_delay`,
  CAST(AVG(`aged`.`distance`) AS DOUBLE) AS `mean_miles`,
  CAST(SUM(`aged`.`seats`) AS BIGINT) AS `seats_flown`
FROM `aged`
GROUP BY
  `aged`.`age`
ORDER BY
  `age` NULLS LAST
