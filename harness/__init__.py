"""enginebench: one SQL text becomes every engine's own program, run, checked and timed."""

__version__ = "0.1.0"
