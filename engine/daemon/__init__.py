"""The scheduler: what is due, the process that runs it, and the children that do the heavy work."""
