# unsupported: Polars SQL cannot: last_value(x ignore nulls): LAST_VALUE(scores.v IGNORE NULLS)
