# unsupported: Sail cannot: a frame of values of dates: SUM(people.n) OVER (ORDER BY people.e range BETWEEN INTERVAL '7' DAY preceding AND CURRENT ROW)
