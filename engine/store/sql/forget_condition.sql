DELETE FROM condition WHERE key = :key
