UPDATE task SET state = 'cancelled', finished_at = :now WHERE id = :id AND state IN ('queued', 'running') RETURNING id
