select time_bucket(interval 15 minute, u) as quarter, count(*) as n, sum(sin(y)) as s
from people group by quarter
