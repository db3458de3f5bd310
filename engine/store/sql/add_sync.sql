INSERT INTO sync (stream_id, run_id, state, allow_removals, not_before, created_at)
VALUES (:stream_id, :run_id, 'queued', :allow_removals, :at, :at) RETURNING id
