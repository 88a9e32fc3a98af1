# unsupported: SQLite cannot: Parquet and CSV files, to read or to write (it reads databases of its own)
