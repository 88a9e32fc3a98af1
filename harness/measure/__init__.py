"""Measures a cell and makes its record: processes, turns, rounds, memory."""
