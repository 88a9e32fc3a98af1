# unsupported: SQLite cannot: split_part(s, 'a', 1): SPLIT_PART(SPLIT_PART(d.url, '://', 2), '/', 1)
