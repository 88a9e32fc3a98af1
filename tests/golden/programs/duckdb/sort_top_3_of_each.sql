select ranked.few_text, ranked.place, ranked.id, ranked.any_float
from (
  select
    x.few_text,
    x.id,
    x.any_float,
    row_number() over (partition by x.few_text order by x.any_float desc) as place
  from x
) as ranked
where ranked.place <= 3
order by ranked.few_text, ranked.place
