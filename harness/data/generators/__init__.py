"""Generators: a name and parameters -> tables, batch by batch; one generator per file."""
