-- Batches: the columns of to_arrow_reader's batches, as NumPy arrays;
-- they are cut to 10,000 rows, and train (target: 'total')
-- SGDRegressor(random_state=0).partial_fit(features, target)
select
  t.distance / 10 as distance,
  t.fare / 50 as fare,
  t.toll / 10 as toll,
  t.total / 50 as total
from trips as t
order by t.trip_id % 997, t.trip_id
