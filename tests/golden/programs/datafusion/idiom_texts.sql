# unsupported: not yet for DataFusion: regexp_extract(s, 'a'): REGEXP_EXTRACT(people.s, '[a-z]+')
