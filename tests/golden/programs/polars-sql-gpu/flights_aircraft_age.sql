with aged as (
  select
    f.arr_delay,
    f.distance,
    p.seats,
    case
      when p.year is null then 'unknown'
      when 2013 - p.year < 5 then 'under 5'
      when 2013 - p.year between 5 and 14 then '5 to 14'
      else '15 and over'
    end as age
  from flights as f
  left join planes as p on f.tailnum = p.tailnum
)
select
  aged.age,
  count(*) as flights,
  avg(aged.arr_delay) as mean_arr_delay,
  avg(aged.distance) as mean_miles,
  sum(aged.seats) as seats_flown
from aged
group by aged.age
order by aged.age
