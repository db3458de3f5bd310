"""Delivering memberships: what changed since it was last acknowledged leaves once, in order, hashed."""
