"""The machine and its processes: what may be used of it, and children that are watched."""
