SELECT
  SPLIT_PART(SPLIT_PART(`d`.`url`, '://', 2), '/', 1) AS `host`,
  CAST(COUNT(*) AS BIGINT) AS `documents`
FROM `documents` AS `d`
GROUP BY
  SPLIT_PART(SPLIT_PART(`d`.`url`, '://', 2), '/', 1)
ORDER BY
  `documents` DESC,
  `host` NULLS LAST
LIMIT 10
