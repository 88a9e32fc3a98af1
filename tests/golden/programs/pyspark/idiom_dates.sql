# unsupported: not yet for PySpark: a text that would be read as another query: SELECT
  DATE_FORMAT(`people`.`e`, 'yyyy-MM') AS `month`,
  CAST(MAX(LAST_DAY(`people`.`e`)) AS DATE) AS `last`,
  CAST(…
