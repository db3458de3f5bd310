UPDATE sync SET state = 'superseded', finished_at = :at
WHERE stream_id = :stream_id AND state IN ('queued', 'held', 'failed') AND NOT EXISTS (SELECT 1 FROM batch WHERE sync_id = sync.id)
