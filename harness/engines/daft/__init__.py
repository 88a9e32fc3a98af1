"""Daft: emits programs of its DataFrame API, and runs them in its native runner."""
