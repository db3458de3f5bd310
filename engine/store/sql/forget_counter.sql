DELETE FROM counter WHERE key = :key
