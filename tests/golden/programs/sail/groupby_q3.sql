SELECT
  `x`.`id3` AS `id3`,
  CAST(SUM(`x`.`v1`) AS BIGINT) AS `v1`,
  AVG(`x`.`v3`) AS `v3`
FROM `x`
GROUP BY
  `x`.`id3`
