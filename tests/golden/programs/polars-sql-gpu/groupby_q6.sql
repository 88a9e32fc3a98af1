select x.id4, x.id5, median(x.v3) as median_v3, stddev(x.v3) as sd_v3
from x
group by x.id4, x.id5
