"""Graphics processors: which there are, and why there is none."""
