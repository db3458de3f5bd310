SELECT file, sha256, facts FROM counter WHERE key = :key
