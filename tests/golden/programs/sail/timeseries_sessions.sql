WITH `spaced` AS (
  SELECT
    `r`.`sensor_id` AS `sensor_id`,
    `r`.`read_at` AS `read_at`,
    `r`.`value` AS `value`,
    CASE
      WHEN LAG(`r`.`read_at`) OVER (PARTITION BY `r`.`sensor_id` ORDER BY `r`.`read_at` NULLS LAST) < `r`.`read_at` - INTERVAL '20' MINUTE
      THEN 1
      ELSE 0
    END AS `begins`
  FROM `readings` AS `r`
), `numbered` AS (
  SELECT
    `spaced`.`sensor_id` AS `sensor_id`,
    `spaced`.`read_at` AS `read_at`,
    `spaced`.`value` AS `value`,
    SUM(`spaced`.`begins`) OVER (
      PARTITION BY `spaced`.`sensor_id`
      ORDER BY `spaced`.`read_at` NULLS LAST
      rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
    ) AS `session`
  FROM `spaced`
)
SELECT
  CAST(`numbered`.`sensor_id` AS BIGINT) AS `sensor_id`,
  CAST(`numbered`.`session` AS BIGINT) AS `session`,
  CAST(MIN(`numbered`.`read_at`) AS TIMESTAMP_NTZ) AS `began`,
  CAST(MAX(`numbered`.`read_at`) AS TIMESTAMP_NTZ) AS `ended`,
  CAST(COUNT(*) AS BIGINT) AS `readings`,
  AVG(`numbered`.`value`) AS `mean_value`
FROM `numbered`
GROUP BY
  `numbered`.`sensor_id`,
  `numbered`.`session`
