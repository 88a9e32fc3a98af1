"""Comparisons -> charts and their rows."""
