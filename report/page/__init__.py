"""Builds the HTML page, or pictures, from the comparison."""
