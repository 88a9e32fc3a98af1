with spaced as (
  select
    r.sensor_id,
    r.read_at,
    r.value,
    case
      when r.read_at - interval 20 minute
        > lag(r.read_at) over (partition by r.sensor_id order by r.read_at) then 1
      else 0
    end as begins
  from readings as r
),
numbered as (
  select
    spaced.sensor_id,
    spaced.read_at,
    spaced.value,
    sum(spaced.begins) over (
      partition by spaced.sensor_id order by spaced.read_at rows unbounded preceding
    ) as session
  from spaced
)
select
  numbered.sensor_id,
  numbered.session,
  min(numbered.read_at) as began,
  max(numbered.read_at) as ended,
  count(*) as readings,
  avg(numbered.value) as mean_value
from numbered
group by numbered.sensor_id, numbered.session
