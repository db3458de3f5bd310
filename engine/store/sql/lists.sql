SELECT id, saved_at, saved_by, size FROM list ORDER BY id
