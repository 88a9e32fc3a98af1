-- the answer is written to answer.parquet
-- each run copies the files into tables first, and indexes join keys
WITH "good" AS (
  SELECT
    "p"."line" AS "line",
    "p"."payment" AS "payment",
    "p"."order_ref" AS "order_ref",
    "p"."paid_on" AS "paid_on",
    "p"."amount" AS "amount",
    "p"."currency" AS "currency",
    "p"."remark" AS "remark"
  FROM "payments" AS "p"
  WHERE
    "p"."order_ref" NOT IN ('NULL', 'null', 'N/A', 'n/a', '-')
    AND "p"."paid_on" NOT IN ('2023-13-01', '31/31/2023')
    AND "p"."amount" ~ '(?p)^[$]?[0-9]+(,[0-9][0-9][0-9])*[.][0-9][0-9]$'
    AND "p"."paid_on" ~ '(?p)^[0-9]+[-/.][0-9]+[-/.][0-9]+$'
    AND UPPER(TRIM("p"."currency")) IN ('EUR', 'USD', 'GBP')
)
SELECT
  "good"."payment" AS "payment",
  CAST("good"."order_ref" AS BIGINT) AS "order_id",
  CAST(CASE
    WHEN "good"."paid_on" LIKE '____-%'
    THEN "good"."paid_on"
    WHEN "good"."paid_on" LIKE '____/%'
    THEN REPLACE("good"."paid_on", '/', '-')
    WHEN "good"."paid_on" LIKE '__.%'
    THEN CONCAT(
      SUBSTRING("good"."paid_on", 7, 4),
      '-',
      SUBSTRING("good"."paid_on", 4, 2),
      '-',
      SUBSTRING("good"."paid_on", 1, 2)
    )
    ELSE CONCAT(
      SUBSTRING("good"."paid_on", 7, 4),
      '-',
      SUBSTRING("good"."paid_on", 1, 2),
      '-',
      SUBSTRING("good"."paid_on", 4, 2)
    )
  END AS DATE) AS "paid_on",
  CAST(REPLACE(REPLACE("good"."amount", '$', ''), ',', '') AS DOUBLE PRECISION) AS "amount",
  UPPER(TRIM("good"."currency")) AS "currency",
  "good"."remark" AS "remark"
FROM "good"
