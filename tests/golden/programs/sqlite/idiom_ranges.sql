# unsupported: SQLite cannot: a frame of values of times: AVG(people.y) OVER (PARTITION BY people.c ORDER BY people.u range BETWEEN INTERVAL '1' HOUR preceding AND CURRENT ROW)
