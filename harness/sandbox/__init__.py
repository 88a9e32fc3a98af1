"""Restricts DuckDB to the tables that a workload declares."""
