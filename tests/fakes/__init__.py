"""Stand-ins for engines, GPUs, files and noise, with behaviour that a test chooses."""
