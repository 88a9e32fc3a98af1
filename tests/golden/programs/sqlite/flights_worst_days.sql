# unsupported: not yet for SQLite: a text that would be read as another query: WITH "daily" AS (
  SELECT
    "f"."origin" AS "origin",
    date(datetime(date("f"."time_hour", 'start of day'))) AS "d…
