UPDATE sync SET state = 'planned', not_before = :at, attempt = 0, finished_at = NULL
WHERE stream_id = :stream_id AND state = 'failed'
