-- Batches: the columns of the whole answer, as NumPy arrays;
-- they are cut to 10,000 rows, and train (target: 'total')
-- SGDRegressor(random_state=0).partial_fit(features, target)
SELECT
  `t`.`distance` / 10 AS `distance`,
  `t`.`fare` / 50 AS `fare`,
  `t`.`toll` / 10 AS `toll`,
  `t`.`total` / 50 AS `total`
FROM `trips` AS `t`
ORDER BY
  `t`.`trip_id` % 997 NULLS LAST,
  `t`.`trip_id` NULLS LAST
