SELECT
  `scores`.`o` AS `o`,
  CAST(COALESCE(
    `scores`.`v`,
    LAST_VALUE(`scores`.`v`) IGNORE NULLS OVER (
      PARTITION BY `scores`.`g`
      ORDER BY `scores`.`o` NULLS LAST
      rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
    )
  ) AS DOUBLE) AS `v`,
  CAST(LAST_VALUE(`scores`.`v`) IGNORE NULLS OVER (
    PARTITION BY `scores`.`g`
    ORDER BY `scores`.`o` NULLS LAST
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ) AS DOUBLE) AS `before`
FROM `scores`
