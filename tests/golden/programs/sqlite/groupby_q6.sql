# unsupported: SQLite cannot: median(x): MEDIAN(x.v3)
