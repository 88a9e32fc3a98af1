"""Checks of a plan for what a library computes otherwise than SQL."""
