-- the answer is written to answer.parquet
WITH `good` AS (
  SELECT
    `p`.`line` AS `line`,
    `p`.`payment` AS `payment`,
    `p`.`order_ref` AS `order_ref`,
    `p`.`paid_on` AS `paid_on`,
    `p`.`amount` AS `amount`,
    `p`.`currency` AS `currency`,
    `p`.`remark` AS `remark`
  FROM `payments` AS `p`
  WHERE
    NOT `p`.`order_ref` IN ('NULL', 'null', 'N/A', 'n/a', '-')
    AND NOT `p`.`paid_on` IN ('2023-13-01', '31/31/2023')
    AND `p`.`amount` RLIKE '^[$]?[0-9]+(,[0-9][0-9][0-9])*[.][0-9][0-9]$'
    AND `p`.`paid_on` RLIKE '^[0-9]+[-/.][0-9]+[-/.][0-9]+$'
    AND UPPER(TRIM(`p`.`currency`)) IN ('EUR', 'USD', 'GBP')
)
SELECT
  `good`.`payment` AS `payment`,
  CAST(`good`.`order_ref` AS BIGINT) AS `order_id`,
  CAST(CASE
    WHEN `good`.`paid_on` LIKE '____-%'
    THEN `good`.`paid_on`
    WHEN `good`.`paid_on` LIKE '____/%'
    THEN REPLACE(`good`.`paid_on`, '/', '-')
    WHEN `good`.`paid_on` LIKE '__.%'
    THEN CONCAT_WS(
      '',
      SUBSTRING(`good`.`paid_on`, 7, 4),
      '-',
      SUBSTRING(`good`.`paid_on`, 4, 2),
      '-',
      SUBSTRING(`good`.`paid_on`, 1, 2)
    )
    ELSE CONCAT_WS(
      '',
      SUBSTRING(`good`.`paid_on`, 7, 4),
      '-',
      SUBSTRING(`good`.`paid_on`, 1, 2),
      '-',
      SUBSTRING(`good`.`paid_on`, 4, 2)
    )
  END AS DATE) AS `paid_on`,
  CAST(REPLACE(REPLACE(`good`.`amount`, '$', ''), ',', '') AS DOUBLE) AS `amount`,
  UPPER(TRIM(`good`.`currency`)) AS `currency`,
  `good`.`remark` AS `remark`
FROM `good`
