SELECT
  x.*,
  medium.id1 AS medium_id1,
  medium.id4 AS medium_id4,
  medium.id5 AS medium_id5,
  medium.v2
FROM x
JOIN medium
  ON x.id2 = medium.id2
