"""SQL text -> one checked tree in normal form, and the description of its answer."""
