"""What engines with a Python API share: printing expressions, laying out and running programs."""
