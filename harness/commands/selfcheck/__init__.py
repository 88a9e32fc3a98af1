"""Checks the harness by its own means: engines that do what is known beforehand."""
