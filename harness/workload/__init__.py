"""Reads a workload file and makes its cells, each with its program."""
