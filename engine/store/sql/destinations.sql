SELECT id, document, saved_at, saved_by, paused, failures, open_until FROM destination ORDER BY id
