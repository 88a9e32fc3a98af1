select
  a.name,
  count(*) as flights,
  avg(f.dep_delay) as mean_dep_delay,
  avg(f.arr_delay) as mean_arr_delay,
  sum(case when f.arr_delay > 15 then 1 else 0 end) * 1.0 / count(f.arr_delay) as share_late
from flights as f
join airlines as a on f.carrier = a.carrier
group by a.name
order by mean_arr_delay desc, a.name
