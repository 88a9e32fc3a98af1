"""Stand-ins for engines, GPUs, files and noise that a test wants as they are."""
