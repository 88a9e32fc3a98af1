"""PyArrow: the engine and its emitter."""
