"""Convoke's own database: one SQLite file in the workspace, WAL, every commit synced to disk."""
