DELETE FROM list_dropped WHERE key = :key
