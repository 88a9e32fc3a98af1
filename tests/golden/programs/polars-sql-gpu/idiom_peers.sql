select o, sum(v) over (partition by g order by r) as total from scores
