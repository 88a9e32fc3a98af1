SELECT
  `scores`.`g` AS `g`,
  `scores`.`o` AS `o`,
  CAST(SUM(`scores`.`v`) OVER (
    PARTITION BY `scores`.`g`
    ORDER BY `scores`.`o` NULLS LAST
    rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
  ) AS DOUBLE) AS `running`,
  CAST(AVG(`scores`.`r`) OVER (
    PARTITION BY `scores`.`g`
    ORDER BY `scores`.`o` NULLS LAST
    rows BETWEEN 2 preceding AND CURRENT ROW
  ) AS DOUBLE) AS `moving`,
  CAST(RANK() OVER (
    PARTITION BY `scores`.`g`
    ORDER BY (
      `scores`.`v` + 0.0
    ) DESC, `scores`.`r` NULLS LAST
  ) AS BIGINT) AS `place`,
  CAST(LAG(`scores`.`o`) OVER (PARTITION BY `scores`.`g` ORDER BY `scores`.`o` NULLS LAST) AS BIGINT) AS `before`
FROM `scores`
