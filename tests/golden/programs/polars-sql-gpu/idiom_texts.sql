SELECT
  id,
  SPLIT_PART(w, '.', 1) AS first,
  REGEXP_EXTRACT(s, '[a-z]+') AS word,
  LPAD(w, 3, '*') AS padded,
  STRPOS(w, 'a') AS place,
  CONCAT_WS(', ', s, w) AS "both"
FROM people
WHERE
  NOT ENDS_WITH(w, 'x')
