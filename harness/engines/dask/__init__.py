"""Dask: the engine and its emitter, which is pandas' except for what is lazy."""
