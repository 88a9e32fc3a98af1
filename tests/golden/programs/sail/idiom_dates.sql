SELECT
  DATE_FORMAT(`people`.`e`, 'yyyy-MM') AS `month`,
  CAST(MAX(LAST_DAY(`people`.`e`)) AS DATE) AS `last`,
  CAST(AVG(DATEDIFF(CAST(`people`.`u` AS DATE), CAST(`people`.`e` AS DATE))) AS DOUBLE) AS `apart`,
  CAST(COUNT(*) AS BIGINT) AS `n`
FROM `people`
WHERE
  `people`.`u` < CAST('2021-02-28 00:00:00' AS TIMESTAMP_NTZ)
GROUP BY
  DATE_FORMAT(`people`.`e`, 'yyyy-MM')
