SELECT
  `x`.`id1` AS `id1`,
  CAST(SUM(`x`.`v1`) AS BIGINT) AS `v1`
FROM `x`
GROUP BY
  `x`.`id1`
