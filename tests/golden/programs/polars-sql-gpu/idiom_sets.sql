SELECT
  k,
  c,
  SUM(n) AS total,
  COUNT(*) AS rows
FROM people
WHERE
  id IN (
    SELECT
      r
    FROM scores
    UNION
    SELECT
      bk
    FROM pairs
    WHERE
      val > 10
  )
GROUP BY
  ROLLUP (
    k,
    c
  )
ORDER BY
  k,
  c
