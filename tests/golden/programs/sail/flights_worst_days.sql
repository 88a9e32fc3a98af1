WITH `daily` AS (
  SELECT
    `f`.`origin` AS `origin`,
    CAST(DATE_TRUNC('DAY', `f`.`time_hour`) AS DATE) AS `day`,
    COUNT(*) AS `flights`,
    AVG(`f`.`dep_delay`) AS `mean_dep_delay`,
    COUNT(*) - COUNT(`f`.`dep_time`) AS `cancelled`
  FROM `flights` AS `f`
  GROUP BY
    `f`.`origin`,
    CAST(DATE_TRUNC('DAY', `f`.`time_hour`) AS DATE)
), `ranked` AS (
  SELECT
    `daily`.`origin` AS `origin`,
    `daily`.`day` AS `day`,
    `daily`.`flights` AS `flights`,
    `daily`.`mean_dep_delay` AS `mean_dep_delay`,
    `daily`.`cancelled` AS `cancelled`,
    RANK() OVER (PARTITION BY `daily`.`origin` ORDER BY (
      `daily`.`mean_dep_delay` + 0.0
    ) DESC) AS `place`
  FROM `daily`
  WHERE
    `daily`.`flights` >= 50
)
SELECT
  `ranked`.`origin` AS `origin`,
  CAST(`ranked`.`place` AS BIGINT) AS `place`,
  CAST(`ranked`.`day` AS DATE) AS `day`,
  CAST(`ranked`.`flights` AS BIGINT) AS `flights`,
  `ranked`.`mean_dep_delay` AS `mean_dep_delay`,
  CAST(`ranked`.`cancelled` AS BIGINT) AS `cancelled`
FROM `ranked`
WHERE
  `ranked`.`place` <= 3
ORDER BY
  `origin` NULLS LAST,
  `place` NULLS LAST,
  `day` NULLS LAST
