SELECT bitmap, inverted FROM condition WHERE key = :key
