# unsupported: not yet for chDB: a text that would be read as another query: WITH "latest" AS (
  SELECT
    "o"."order_id" AS "order_id",
    "o"."customer_id" AS "customer_id",
    "o"."product_c…
