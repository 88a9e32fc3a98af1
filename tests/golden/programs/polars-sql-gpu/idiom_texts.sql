select id, split_part(w, '.', 1) as first, regexp_extract(s, '[a-z]+') as word,
    lpad(w, 3, '*') as padded, strpos(w, 'a') as place, concat_ws(', ', s, w) as both
from people
where not ends_with(w, 'x')
