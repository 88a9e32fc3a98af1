-- the answer is written to answer.parquet
SELECT
  CAST(`ranked`.`order_id` AS BIGINT) AS `order_id`,
  CAST(`ranked`.`customer_id` AS BIGINT) AS `customer_id`,
  `ranked`.`product_code` AS `product_code`,
  `ranked`.`ordered_on` AS `ordered_on`,
  `ranked`.`status` AS `status`,
  CAST(`ranked`.`updated_at` AS TIMESTAMP_NTZ) AS `updated_at`
FROM (
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
) AS `ranked`
WHERE
  `ranked`.`place` = 1
