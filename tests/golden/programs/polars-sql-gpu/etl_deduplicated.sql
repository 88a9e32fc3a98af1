-- the answer is written to answer.parquet
SELECT
  ranked.order_id,
  ranked.customer_id,
  ranked.product_code,
  ranked.ordered_on,
  ranked.status,
  ranked.updated_at
FROM (
  SELECT
    o.*,
    ROW_NUMBER() OVER (PARTITION BY o.order_id ORDER BY o.updated_at DESC) AS place
  FROM orders AS o
) AS ranked
WHERE
  ranked.place = 1
