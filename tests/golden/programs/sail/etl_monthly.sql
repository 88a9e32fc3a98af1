-- the answer is written to answer.parquet
WITH `latest` AS (
  SELECT
    `o`.`order_id` AS `order_id`,
    `o`.`customer_id` AS `customer_id`,
    `o`.`product_code` AS `product_code`,
    `o`.`ordered_on` AS `ordered_on`,
    `o`.`quantity` AS `quantity`,
    `o`.`unit_price` AS `unit_price`,
    `o`.`discount` AS `discount`,
    `o`.`status` AS `status`,
    `o`.`channel` AS `channel`,
    `o`.`updated_at` AS `updated_at`,
    ROW_NUMBER() OVER (PARTITION BY `o`.`order_id` ORDER BY `o`.`updated_at` DESC) AS `place`
  FROM `orders` AS `o`
), `sold` AS (
  SELECT
    CAST(REPLACE(TRIM(`latest`.`ordered_on`), '/', '-') AS DATE) AS `ordered_on`,
    UPPER(TRIM(`latest`.`product_code`)) AS `product_code`,
    CAST(CASE WHEN `latest`.`quantity` = 'n/a' THEN NULL ELSE `latest`.`quantity` END AS BIGINT) AS `quantity`,
    CAST(REPLACE(`latest`.`unit_price`, '$', '') AS DOUBLE) AS `unit_price`
  FROM `latest`
  WHERE
    LOWER(TRIM(`latest`.`status`)) IN ('shipped', 'delivered')
    AND `latest`.`place` = 1
)
SELECT
  CAST(DATE_TRUNC('MONTH', `sold`.`ordered_on`) AS DATE) AS `month`,
  `products`.`category` AS `category`,
  CAST(COUNT(*) AS BIGINT) AS `orders`,
  CAST(SUM(`sold`.`quantity`) AS BIGINT) AS `items`,
  CAST(SUM(
    COALESCE(`sold`.`quantity`, 1) * COALESCE(`sold`.`unit_price`, `products`.`list_price`)
  ) AS DOUBLE) AS `turnover`
FROM `sold`
JOIN `products`
  ON `products`.`product_code` = `sold`.`product_code`
WHERE
  NOT `sold`.`ordered_on` IS NULL
GROUP BY
  CAST(DATE_TRUNC('MONTH', `sold`.`ordered_on`) AS DATE),
  `products`.`category`
