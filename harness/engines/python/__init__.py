"""The base of engines with a Python API: emits expressions, lays out programs and runs them."""
