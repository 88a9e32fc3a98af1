# unsupported: Polars SQL on GPU cannot: the place of a text in another, which it counts in bytes: STRPOS(people.w, 'a')
