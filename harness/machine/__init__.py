"""The machine's facts and limits, and child processes that are watched."""
