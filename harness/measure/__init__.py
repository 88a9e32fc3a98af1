"""A cell -> its record: processes, turns, rounds, memory."""
