# unsupported: Polars SQL cannot: regexp_extract(s, 'a'): REGEXP_EXTRACT(people.s, '[a-z]+')
