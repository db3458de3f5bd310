"""Where memberships go. Connectors hold no retry, sleep, batching, diffing, hashing or persistence."""
