UPDATE task SET state = 'queued', not_before = :now, finished_at = NULL WHERE id = :id AND state IN ('failed', 'cancelled') RETURNING id
