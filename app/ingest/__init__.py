"""Files into the workspace's own warehouse."""
