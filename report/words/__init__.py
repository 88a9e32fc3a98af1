"""Comparisons -> words."""
