INSERT INTO audience (id, version, origin, deleted) VALUES (:id, :version, :origin, :deleted)
ON CONFLICT (id) DO UPDATE SET version = :version, origin = :origin, deleted = :deleted
