with daily as (
  select
    f.origin,
    cast(date_trunc('day', f.time_hour) as date) as day,
    count(*) as flights,
    avg(f.dep_delay) as mean_dep_delay,
    count(*) - count(f.dep_time) as cancelled
  from flights as f
  group by f.origin, cast(date_trunc('day', f.time_hour) as date)
),
ranked as (
  select
    daily.*,
    rank() over (partition by daily.origin order by daily.mean_dep_delay desc) as place
  from daily
  where daily.flights >= 50
)
select ranked.origin, ranked.place, ranked.day, ranked.flights, ranked.mean_dep_delay,
  ranked.cancelled
from ranked
where ranked.place <= 3
order by ranked.origin, ranked.place, ranked.day
