SELECT
  `people`.`k` AS `k`,
  `people`.`c` AS `c`,
  CAST(SUM(`people`.`n`) AS BIGINT) AS `total`,
  CAST(COUNT(*) AS BIGINT) AS `rows`
FROM `people`
WHERE
  `people`.`id` IN (
    SELECT
      `scores`.`r` AS `r`
    FROM `scores`
    UNION
    SELECT
      `pairs`.`bk` AS `bk`
    FROM `pairs`
    WHERE
      `pairs`.`val` > 10
  )
GROUP BY
  ROLLUP (
    `people`.`k`,
    `people`.`c`
  )
ORDER BY
  `k` NULLS LAST,
  `c` NULLS LAST
