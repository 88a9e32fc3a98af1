"""DuckDB held to the tables that a workload declares, however it is asked."""
