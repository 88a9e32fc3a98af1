"""Computes ratios of cells with intervals, and what changed between two runs."""
