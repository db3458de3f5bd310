SELECT id, saved_at, saved_by, size, sha256 FROM list ORDER BY id
