-- the answer is written to answer.parquet
with latest as (
  select
    o.*,
    row_number() over (partition by o.order_id order by o.updated_at desc) as place
  from orders as o
),
sold as (
  select
    cast(replace(trim(latest.ordered_on), '/', '-') as date) as ordered_on,
    upper(trim(latest.product_code)) as product_code,
    cast(case when latest.quantity = 'n/a' then null else latest.quantity end as bigint)
      as quantity,
    cast(replace(latest.unit_price, '$', '') as double) as unit_price
  from latest
  where latest.place = 1 and lower(trim(latest.status)) in ('shipped', 'delivered')
)
select
  cast(date_trunc('month', sold.ordered_on) as date) as month,
  products.category,
  count(*) as orders,
  sum(sold.quantity) as items,
  sum(coalesce(sold.quantity, 1) * coalesce(sold.unit_price, products.list_price)) as turnover
from sold
join products on sold.product_code = products.product_code
where sold.ordered_on is not null
group by month, products.category
