select k, c, sum(n) as total, count(*) as rows
from people
where id in (select r from scores union select bk from pairs where val > 10)
group by rollup (k, c)
order by k, c
