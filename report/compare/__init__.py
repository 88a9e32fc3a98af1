"""Cells -> ratios with intervals, and what changed between two runs."""
