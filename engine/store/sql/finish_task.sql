UPDATE task SET state = :state, run_id = :run_id, summary = :summary, finished_at = :now, not_before = :not_before
WHERE id = :id AND state = 'running' AND fence = :fence AND :fence = (SELECT fence FROM daemon) RETURNING id
