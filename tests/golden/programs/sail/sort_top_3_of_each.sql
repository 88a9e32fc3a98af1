SELECT
  `ranked`.`few_text` AS `few_text`,
  CAST(`ranked`.`place` AS BIGINT) AS `place`,
  CAST(`ranked`.`id` AS BIGINT) AS `id`,
  `ranked`.`any_float` AS `any_float`
FROM (
  SELECT
    `x`.`few_text` AS `few_text`,
    `x`.`id` AS `id`,
    `x`.`any_float` AS `any_float`,
    ROW_NUMBER() OVER (PARTITION BY `x`.`few_text` ORDER BY (
      `x`.`any_float` + 0.0
    ) DESC) AS `place`
  FROM `x`
) AS `ranked`
WHERE
  `ranked`.`place` <= 3
ORDER BY
  `few_text` NULLS LAST,
  `place` NULLS LAST
