SELECT
  `x`.`id4` AS `id4`,
  `x`.`id5` AS `id5`,
  CAST(MEDIAN(`x`.`v3`) AS DOUBLE) AS `median_v3`,
  CAST(STDDEV_SAMP(`x`.`v3`) AS DOUBLE) AS `sd_v3`
FROM `x`
GROUP BY
  `x`.`id4`,
  `x`.`id5`
