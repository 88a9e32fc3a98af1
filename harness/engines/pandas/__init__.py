"""pandas: the engine and its emitter."""
