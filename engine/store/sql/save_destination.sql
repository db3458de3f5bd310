INSERT INTO destination (id, document, saved_at, saved_by) VALUES (:id, :document, :saved_at, :saved_by)
ON CONFLICT (id) DO UPDATE SET document = excluded.document, saved_at = excluded.saved_at, saved_by = excluded.saved_by,
failures = 0, open_until = NULL
