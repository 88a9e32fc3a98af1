# unsupported: PySpark cannot: ROLLUP, CUBE and a total beside groups (of no rows they have no total): GROUP BY ROLLUP (people.k, people.c)
