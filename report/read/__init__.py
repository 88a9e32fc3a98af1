"""Reads results files into the cells in view."""
