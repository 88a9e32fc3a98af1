"""PyArrow and its emitter."""
