SELECT
  `x`.`id2` AS `id2`,
  `x`.`id4` AS `id4`,
  CAST(COALESCE(CORR(`x`.`v1`, `x`.`v2`), CASE WHEN REGR_COUNT(`x`.`v1`, `x`.`v2`) > 0 THEN CAST('NaN' AS DOUBLE) END) * COALESCE(CORR(`x`.`v1`, `x`.`v2`), CASE WHEN REGR_COUNT(`x`.`v1`, `x`.`v2`) > 0 THEN CAST('NaN' AS DOUBLE) END) AS DOUBLE) AS `r2`
FROM `x`
GROUP BY
  `x`.`id2`,
  `x`.`id4`
