# unsupported: PySpark cannot: rows in the order of their table (SQL promises none without ORDER BY)
