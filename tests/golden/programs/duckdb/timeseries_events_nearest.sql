select e.event_id, e.sensor_id, r.read_at as as_of, r.value
from events as e
asof left join (select * from readings where value is not null) as r
  on e.sensor_id = r.sensor_id and e.happened_at >= r.read_at
