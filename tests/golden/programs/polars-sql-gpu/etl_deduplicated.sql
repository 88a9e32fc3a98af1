-- the answer is written to answer.parquet
select
  ranked.order_id,
  ranked.customer_id,
  ranked.product_code,
  ranked.ordered_on,
  ranked.status,
  ranked.updated_at
from (
  select
    o.*,
    row_number() over (partition by o.order_id order by o.updated_at desc) as place
  from orders as o
) as ranked
where ranked.place = 1
