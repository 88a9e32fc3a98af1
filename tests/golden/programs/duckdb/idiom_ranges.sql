select id, avg(y) over (partition by c order by u range interval 1 hour preceding) as a,
    sum(n) over (order by e range interval 7 day preceding) as b,
    count(*) over (order by id range between 1 preceding and 2 following) as around
from people
