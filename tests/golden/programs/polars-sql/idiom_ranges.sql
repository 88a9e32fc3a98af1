# unsupported: Polars SQL cannot: a frame of values: AVG(people.y) OVER (PARTITION BY people.c ORDER BY people.u range BETWEEN INTERVAL '1' HOUR preceding AND CURRENT ROW)
