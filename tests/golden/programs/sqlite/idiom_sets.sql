# unsupported: SQLite cannot: ROLLUP, CUBE and GROUPING SETS: GROUP BY ROLLUP (people.k, people.c)
