SELECT
  `lineitem`.`l_orderkey` AS `l_orderkey`,
  SUM(`lineitem`.`l_extendedprice` * (
    1 - `lineitem`.`l_discount`
  )) AS `revenue`,
  `orders`.`o_orderdate` AS `o_orderdate`,
  `orders`.`o_shippriority` AS `o_shippriority`
FROM `customer`, `orders`, `lineitem`
WHERE
  `customer`.`c_custkey` = `orders`.`o_custkey`
  AND `customer`.`c_mktsegment` = 'BUILDING'
  AND `lineitem`.`l_orderkey` = `orders`.`o_orderkey`
  AND `lineitem`.`l_shipdate` > CAST('1995-03-15' AS DATE)
  AND `orders`.`o_orderdate` < CAST('1995-03-15' AS DATE)
GROUP BY
  `lineitem`.`l_orderkey`,
  `orders`.`o_orderdate`,
  `orders`.`o_shippriority`
ORDER BY
  (
    `revenue` + 0.0
  ) DESC,
  `o_orderdate` NULLS LAST
LIMIT 10
