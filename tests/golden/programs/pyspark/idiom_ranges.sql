SELECT
  `people`.`id` AS `id`,
  CAST(AVG(`people`.`y`) OVER (
    PARTITION BY `people`.`c`
    ORDER BY `people`.`u` NULLS LAST
    range BETWEEN INTERVAL '1' HOUR preceding AND CURRENT ROW
  ) AS DOUBLE) AS `a`,
  CAST(SUM(`people`.`n`) OVER (
    ORDER BY `people`.`e` NULLS LAST
    range BETWEEN INTERVAL '7' DAY preceding AND CURRENT ROW
  ) AS BIGINT) AS `b`,
  CAST(COUNT(*) OVER (ORDER BY `people`.`id` NULLS LAST range BETWEEN 1 preceding AND 2 following) AS BIGINT) AS `around`
FROM `people`
