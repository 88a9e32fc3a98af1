select strftime(e, '%Y-%m') as month, max(last_day(e)) as last,
    avg(date_diff('day', e, u)) as apart, count(*) as n
from people
where u < date '2021-01-31' + interval 1 month
group by 1
