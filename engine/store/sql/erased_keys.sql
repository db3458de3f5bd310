SELECT key FROM erased_keys
