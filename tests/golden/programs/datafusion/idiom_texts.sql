# unsupported: not yet for DataFusion: the part of a text that a pattern finds: REGEXP_EXTRACT(people.s, '[a-z]+')
