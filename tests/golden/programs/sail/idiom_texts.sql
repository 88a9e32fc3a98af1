SELECT
  `people`.`id` AS `id`,
  SPLIT_PART(`people`.`w`, '.', 1) AS `first`,
  REGEXP_EXTRACT(`people`.`s`, '[a-z]+', 0) AS `word`,
  LPAD(`people`.`w`, 3, '*') AS `padded`,
  CAST(LOCATE('a', `people`.`w`) AS BIGINT) AS `place`,
  CONCAT_WS(', ', `people`.`s`, `people`.`w`) AS `both`
FROM `people`
WHERE
  NOT ENDSWITH(`people`.`w`, 'x')
