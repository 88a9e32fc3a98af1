COPY (
with good as (
  select p.*
  from payments as p
  where p.order_ref not in ('NULL', 'null', 'N/A', 'n/a', '-')
    and regexp_matches(p.paid_on, '^[0-9]+[-/.][0-9]+[-/.][0-9]+$')
    and p.paid_on not in ('2023-13-01', '31/31/2023')
    and regexp_matches(p.amount, '^[$]?[0-9]+(,[0-9][0-9][0-9])*[.][0-9][0-9]$')
    and upper(trim(p.currency)) in ('EUR', 'USD', 'GBP')
)
select
  good.payment,
  cast(good.order_ref as bigint) as order_id,
  cast(
    case
      when good.paid_on like '____-%' then good.paid_on
      when good.paid_on like '____/%' then replace(good.paid_on, '/', '-')
      when good.paid_on like '__.%' then concat(
        substring(good.paid_on, 7, 4), '-', substring(good.paid_on, 4, 2), '-',
        substring(good.paid_on, 1, 2)
      )
      else concat(
        substring(good.paid_on, 7, 4), '-', substring(good.paid_on, 1, 2), '-',
        substring(good.paid_on, 4, 2)
      )
    end as date
  ) as paid_on,
  cast(replace(replace(good.amount, '$', ''), ',', '') as double) as amount,
  upper(trim(good.currency)) as currency,
  good.remark
from good
) TO 'answer.parquet' (FORMAT parquet)
