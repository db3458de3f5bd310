INSERT INTO alert (kind, subject, message, opened_at) VALUES (:kind, :subject, :message, :at)
ON CONFLICT (kind, subject) WHERE closed_at IS NULL DO UPDATE SET message = excluded.message
