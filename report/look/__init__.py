"""Colours, themes, and where labels stand."""
