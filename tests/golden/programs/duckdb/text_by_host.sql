select split_part(split_part(d.url, '://', 2), '/', 1) as host, count(*) as documents
from documents as d
group by host
order by documents desc, host
limit 10
