"""Writes comparisons as text: sentences, tables, and texts for the terminal."""
