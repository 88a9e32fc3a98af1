SELECT
  `scores`.`o` AS `o`,
  CAST(SUM(`scores`.`v`) OVER (PARTITION BY `scores`.`g` ORDER BY `scores`.`r` NULLS LAST) AS DOUBLE) AS `total`
FROM `scores`
