# unsupported: SQLite cannot: split_part(s, 'a', 1): SPLIT_PART(people.w, '.', 1)
