"""Dask: the engine and its emitter, which is pandas' but for what is lazy."""
