"""Polars and its emitter, on the CPU and on the GPU."""
