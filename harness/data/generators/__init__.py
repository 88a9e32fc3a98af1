"""Turns a generator's name and parameters into tables, batch by batch; one generator per file."""
