"""A workload file -> the cells that it asks for, each with its program."""
