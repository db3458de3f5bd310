DELETE FROM sync WHERE id IN (
    SELECT y.id FROM sync AS y WHERE y.state IN ('done', 'superseded') AND y.finished_at < :before
    AND y.id < (SELECT max(n.id) FROM sync AS n WHERE n.stream_id = y.stream_id)
) AND NOT EXISTS (SELECT 1 FROM batch WHERE sync_id = sync.id)
