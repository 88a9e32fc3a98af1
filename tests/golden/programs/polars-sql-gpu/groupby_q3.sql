select x.id3, sum(x.v1) as v1, avg(x.v3) as v3
from x
group by x.id3
