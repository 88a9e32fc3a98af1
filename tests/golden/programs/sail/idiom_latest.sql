# unsupported: Sail cannot: lateral (select …): LATERAL (SELECT s.v AS v, s.o AS o FROM scores AS s WHERE s.o = t.id ORDER BY s.r DESC LIMIT 2) AS q
