# unsupported: not yet for chDB: regexp_extract(s, 'a'): REGEXP_EXTRACT(people.s, '[a-z]+')
