select x.id2, x.id4, corr(x.v1, x.v2) * corr(x.v1, x.v2) as r2
from x
group by x.id2, x.id4
