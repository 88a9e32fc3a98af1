"""Decides whether an engine's answer is right, by comparing it with DuckDB's."""
