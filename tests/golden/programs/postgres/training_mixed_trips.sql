# unsupported: PostgreSQL cannot: Parquet files (it has no reader of them): trips
