SELECT
  CAST(`ranked`.`id6` AS BIGINT) AS `id6`,
  `ranked`.`v3` AS `largest2_v3`
FROM (
  SELECT
    `x`.`id6` AS `id6`,
    `x`.`v3` AS `v3`,
    ROW_NUMBER() OVER (PARTITION BY `x`.`id6` ORDER BY (
      `x`.`v3` + 0.0
    ) DESC) AS `place`
  FROM `x`
  WHERE
    NOT `x`.`v3` IS NULL
) AS `ranked`
WHERE
  `ranked`.`place` <= 2
