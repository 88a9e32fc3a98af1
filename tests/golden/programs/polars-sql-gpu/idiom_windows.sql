select g, o, sum(v) over (partition by g order by o rows unbounded preceding) as running,
    avg(r) over (partition by g order by o rows 2 preceding) as moving,
    rank() over (partition by g order by v desc, r) as place,
    lag(o) over (partition by g order by o) as before
from scores
