# unsupported: not yet for Polars SQL: what has no spelling in its dialect: a difference in units of second
