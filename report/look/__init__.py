"""Colours of engines, and the page's themes."""
