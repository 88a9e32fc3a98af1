-- Batches: the columns of to_arrow_reader's batches, as NumPy arrays;
-- they are cut to 10,000 rows, and train (target: 'is_dear')
-- SGDClassifier(random_state=0).partial_fit(features, target, classes=[0, 1])
select
  t.distance / 10 as distance,
  date_diff('second', t.started_at, t.ended_at) / 3600 as hours,
  t.passengers / 5 as passengers,
  t.toll / 10 as toll,
  t.surcharge / 10 as surcharge,
  t.from_zone / 265 as from_zone,
  t.to_zone / 265 as to_zone,
  case when t.total > 30 then 1 else 0 end as is_dear
from trips as t
where t.passengers is not null
