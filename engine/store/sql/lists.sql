SELECT id, saved_at, saved_by, size, sha256, version FROM list ORDER BY id
