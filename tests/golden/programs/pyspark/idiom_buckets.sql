# unsupported: not yet for PySpark: time_bucket(interval 15 minute, t): TIME_BUCKET(INTERVAL '15' MINUTE, people.u)
