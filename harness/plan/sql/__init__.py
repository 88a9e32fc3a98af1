"""SQL text -> one checked tree in normal form, and what its answer must look like."""
