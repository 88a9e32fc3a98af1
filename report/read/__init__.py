"""Results files -> the cells in view."""
