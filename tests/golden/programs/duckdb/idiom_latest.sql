select t.id, q.v, q.o
from teams as t, lateral (
    select s.v, s.o from scores as s where s.o = t.id order by s.r desc limit 2) as q
