-- the answer is written to answer.parquet
WITH latest AS (
  SELECT
    o.*,
    ROW_NUMBER() OVER (PARTITION BY o.order_id ORDER BY o.updated_at DESC) AS place
  FROM orders AS o
), sold AS (
  SELECT
    CAST(REPLACE(TRIM(latest.ordered_on), '/', '-') AS DATE) AS ordered_on,
    UPPER(TRIM(latest.product_code)) AS product_code,
    CAST(CASE WHEN latest.quantity = 'n/a' THEN NULL ELSE latest.quantity END AS BIGINT) AS quantity,
    CAST(REPLACE(latest.unit_price, '$', '') AS DOUBLE) AS unit_price
  FROM latest
  WHERE
    latest.place = 1 AND LOWER(TRIM(latest.status)) IN ('shipped', 'delivered')
)
SELECT
  CAST(DATE_TRUNC('MONTH', sold.ordered_on) AS DATE) AS month,
  products.category,
  COUNT(*) AS orders,
  SUM(sold.quantity) AS items,
  SUM(COALESCE(sold.quantity, 1) * COALESCE(sold.unit_price, products.list_price)) AS turnover
FROM sold
JOIN products
  ON sold.product_code = products.product_code
WHERE
  NOT sold.ordered_on IS NULL
GROUP BY
  month,
  products.category
