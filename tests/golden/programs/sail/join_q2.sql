SELECT
  `x`.`id1` AS `id1`,
  `x`.`id2` AS `id2`,
  `x`.`id3` AS `id3`,
  `x`.`id4` AS `id4`,
  `x`.`id5` AS `id5`,
  `x`.`id6` AS `id6`,
  `x`.`v1` AS `v1`,
  `medium`.`id1` AS `medium_id1`,
  `medium`.`id4` AS `medium_id4`,
  `medium`.`id5` AS `medium_id5`,
  `medium`.`v2` AS `v2`
FROM `x`
JOIN `medium`
  ON `medium`.`id2` = `x`.`id2`
