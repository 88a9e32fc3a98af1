select x.id1, sum(x.v1) as v1
from x
group by x.id1
