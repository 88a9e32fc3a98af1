select o, coalesce(v, last_value(v ignore nulls) over (partition by g order by o
        rows between unbounded preceding and current row)) as v,
    lag(v ignore nulls) over (partition by g order by o) as before
from scores
