"""cuDF: the engine and its emitter, cudf.pandas, and dask-cuDF."""
