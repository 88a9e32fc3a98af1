"""Turns a workload's tables, the user's files or generated ones, into checked files in a cache."""
