INSERT INTO schedule (audience_id, version, kind, last_due, fires_at) VALUES (:audience_id, :version, :kind, :last_due, :fires_at)
ON CONFLICT (audience_id) DO UPDATE SET version = :version, kind = :kind, last_due = :last_due, fires_at = :fires_at
