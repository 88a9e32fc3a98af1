"""Checks the harness with engines whose behaviour is known beforehand."""
