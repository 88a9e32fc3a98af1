-- the answer is written to answer.parquet
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
    NOT (
      "p"."order_ref" IN ('NULL', 'null', 'N/A', 'n/a', '-')
    )
    AND NOT (
      "p"."paid_on" IN ('2023-13-01', '31/31/2023')
    )
    AND match("p"."amount", '(?-s)^[$]?[0-9]+(,[0-9][0-9][0-9])*[.][0-9][0-9]$')
    AND match("p"."paid_on", '(?-s)^[0-9]+[-/.][0-9]+[-/.][0-9]+$')
    AND upperUTF8(TRIM("p"."currency")) IN ('EUR', 'USD', 'GBP')
)
SELECT
  "good"."payment" AS "payment",
  CAST("good"."order_ref" AS Nullable(Int64)) AS "order_id",
  CAST(CASE
    WHEN "good"."paid_on" LIKE '____-%'
    THEN "good"."paid_on"
    WHEN "good"."paid_on" LIKE '____/%'
    THEN REPLACE("good"."paid_on", '/', '-')
    WHEN "good"."paid_on" LIKE '__.%'
    THEN concat(ifNull(toString(substringUTF8("good"."paid_on", 7, 4)), ''), ifNull(toString('-'), ''), ifNull(toString(substringUTF8("good"."paid_on", 4, 2)), ''), ifNull(toString('-'), ''), ifNull(toString(substringUTF8("good"."paid_on", 1, 2)), ''))
    ELSE concat(ifNull(toString(substringUTF8("good"."paid_on", 7, 4)), ''), ifNull(toString('-'), ''), ifNull(toString(substringUTF8("good"."paid_on", 1, 2)), ''), ifNull(toString('-'), ''), ifNull(toString(substringUTF8("good"."paid_on", 4, 2)), ''))
  END AS Nullable(Date32)) AS "paid_on",
  CAST(REPLACE(REPLACE("good"."amount", '$', ''), ',', '') AS Nullable(Float64)) AS "amount",
  upperUTF8(TRIM("good"."currency")) AS "currency",
  "good"."remark" AS "remark"
FROM "good"
