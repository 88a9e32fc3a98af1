# unsupported: not yet for Hyper: regexp_extract(s, 'a'): REGEXP_EXTRACT(people.s, '[a-z]+')
