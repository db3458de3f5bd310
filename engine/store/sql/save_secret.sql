INSERT INTO secret (name, kept_in, saved_by, saved_at) VALUES (:name, :kept_in, :by, :at)
ON CONFLICT (name) DO UPDATE SET kept_in = excluded.kept_in, saved_by = excluded.saved_by, saved_at = excluded.saved_at
