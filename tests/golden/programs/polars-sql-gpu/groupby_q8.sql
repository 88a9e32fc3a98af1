select ranked.id6, ranked.v3 as largest2_v3
from (
  select x.id6, x.v3, row_number() over (partition by x.id6 order by x.v3 desc) as place
  from x
  where x.v3 is not null
) as ranked
where ranked.place <= 2
