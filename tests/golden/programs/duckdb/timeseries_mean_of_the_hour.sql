select
  r.sensor_id,
  r.read_at,
  avg(r.value) over (
    partition by r.sensor_id order by r.read_at
    range between interval 1 hour preceding and current row
  ) as mean_of_hour
from readings as r
