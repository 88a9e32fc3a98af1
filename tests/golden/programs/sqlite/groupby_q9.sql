# unsupported: SQLite cannot: corr(x, y): CORR(x.v1, x.v2)
