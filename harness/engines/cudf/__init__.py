"""cuDF and its emitter; cudf.pandas; dask-cuDF."""
