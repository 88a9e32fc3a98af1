# unsupported: chDB cannot: ROLLUP, CUBE and GROUPING SETS (of no rows they have no total): GROUP BY ROLLUP (people.k, people.c)
